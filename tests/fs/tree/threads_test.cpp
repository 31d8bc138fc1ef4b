// Many at once, while the account changes and connections break.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <random>
#include <thread>

using imap::Uid;
using tests::Mail;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

constexpr std::uint32_t kMessages = 120;
constexpr int kThreads = 16;
constexpr int kOperations = 40;

/// What the message of a UID consists of, whoever appended it and when.
Mail message(std::uint32_t uid) {
  return tests::mail_of_size("message " + std::to_string(uid),
                             uid % 17 == 0 ? 200'000 + uid : 300 + uid);
}

std::uint32_t uid_of(const std::string& name) {
  return static_cast<std::uint32_t>(std::stoul(name));
}

/// Reads, lists and looks up. Writes down what must not be; the test's thread judges.
class Visitor {
 public:
  Visitor(World& world, unsigned seed) : world_(world), random_(seed) {}

  void run() {
    for (int i = 0; i < kOperations; ++i) {
      const int error = tests::error_of([this] { act(); });
      const auto expected = {0, ENOENT, ESTALE, ENETUNREACH};
      if (std::ranges::find(expected, error) == expected.end()) {
        complaints.push_back("errno " + std::to_string(error));
      }
      if (error == 0) ++successes;
      if (error == ENETUNREACH) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::vector<std::string> complaints;
  int successes = 0;

 private:
  void act() {
    const auto uid = 1 + random_() % (kMessages + 20);
    const auto path = "/INBOX/" + std::to_string(uid) + ".eml";
    switch (random_() % 5) {
      case 0:
        return check_listing();
      case 1:
        static_cast<void>(world_.lookup(path));
        return;
      case 2:
        return check_range(path, static_cast<std::uint32_t>(uid));
      default:
        if (world_.read(path) != message(static_cast<std::uint32_t>(uid)).octets) {
          complaints.push_back("wrong octets of " + path);
        }
    }
  }

  void check_listing() {
    const auto names = world_.list("/INBOX", 1 + random_() % 60);
    const bool descending = std::ranges::is_sorted(names, std::greater_equal<>(), uid_of);
    if (!descending) complaints.emplace_back("a listing repeats or is out of order");
  }

  void check_range(const std::string& path, std::uint32_t uid) {
    const auto octets = message(uid).octets;
    const auto offset = random_() % octets.size();
    const auto length = 1 + random_() % 150'000;
    if (world_.read(world_.ino(path), offset, length).text != octets.substr(offset, length)) {
      complaints.push_back("wrong range of " + path);
    }
  }

  World& world_;
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("16 threads see nothing wrong while messages come and go and connections break",
          "[fs][threads]") {
  WorldOptions options;
  options.mail.mailbox_fresh = std::chrono::milliseconds(5);
  options.mail.folders_fresh = std::chrono::milliseconds(5);
  options.body_limit = 2'000'000;  // some of it is evicted
  std::vector<Mail> messages;
  for (std::uint32_t uid = 1; uid <= kMessages; ++uid) messages.push_back(message(uid));
  World world{{{"INBOX", messages}, {"Work"}}, options};

  std::vector<Visitor> visitors;
  for (unsigned seed = 1; seed <= kThreads; ++seed) visitors.emplace_back(world, seed);
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  threads.reserve(visitors.size());
  for (auto& visitor : visitors) {
    threads.emplace_back([&visitor, &running] {
      visitor.run();
      --running;
    });
  }
  std::uint32_t next = kMessages + 1;
  for (std::uint32_t step = 1; running > 0 || step <= 15; ++step) {
    if (next <= kMessages + 20) world.other_client().append("INBOX", message(next++));
    if (step <= 15) world.other_client().expunge("INBOX", Uid{step * 7});
    if (step % 20 == 0 && step <= 100) world.server().drop_connections();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (auto& thread : threads) thread.join();

  int successes = 0;
  for (const auto& visitor : visitors) {
    CHECK(visitor.complaints == Names{});
    successes += visitor.successes;
  }
  CHECK(successes > kThreads * kOperations / 3);
  while (next <= kMessages + 20) world.other_client().append("INBOX", message(next++));
  Names expected;
  for (auto uid = next - 1; uid >= 1; --uid) {
    if (uid % 7 != 0 || uid > 15 * 7) expected.push_back(std::to_string(uid) + ".eml");
  }
  CHECK(tests::eventually([&] {
    Names names;
    return tests::error_of([&] { names = world.list("/INBOX"); }) == 0 && names == expected;
  }));
}

TEST_CASE("whoever waits when the mount ends is let go", "[fs][threads]") {
  auto world = std::make_unique<World>(
      std::vector<tests::Box>{{"INBOX", {message(1), message(17)}}, {"Work", {message(1)}}});
  const auto file = world->ino("/INBOX/2.eml");
  const auto work = world->ino("/Work");
  auto body = world->server().hold("BODY.PEEK[]");
  auto listing = world->server().hold("EXAMINE \"Work\"");
  auto reader = tests::in_background([&] { return world->read(file, 0, 10); });
  auto lister = tests::in_background([&] { world->open(work); });
  REQUIRE(body.wait_reached());
  REQUIRE(listing.wait_reached());
  world->interrupt_all();
  REQUIRE(tests::ends(reader));
  REQUIRE(tests::ends(lister));
  CHECK(tests::error_of([&] { reader.get(); }) == EINTR);
  CHECK(tests::error_of([&] { lister.get(); }) == EINTR);
}
