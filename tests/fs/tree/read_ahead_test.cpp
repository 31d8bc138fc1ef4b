// Reading in order: batches instead of single messages, and nothing for random reads.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using imap::Uid;
using tests::mail;
using tests::mail_of_size;
using tests::mails;
using tests::World;
using tests::WorldOptions;

namespace {

constexpr auto kBody = "BODY.PEEK[]";

std::string path(std::uint32_t uid) {
  return "/INBOX/" + std::to_string(uid) + ".eml";
}

std::string octets(std::uint32_t uid) {
  return mail("message " + std::to_string(uid)).octets;
}

/// How many messages the server was asked for, one by one or in batches.
std::uint64_t fetched(World& world) {
  std::uint64_t count = 0;
  for (const auto& command : world.server().log()) {
    if (command.find(kBody) == std::string::npos) continue;
    const auto words = tests::parse_command("tag " + command).arguments;
    count += imap::UidSet::parse(words.at(0), 1000)->size();
  }
  return count;
}

}  // namespace

TEST_CASE("300 messages read in order cost few commands", "[fs][ahead]") {
  for (const bool down : {true, false}) {
    World world{{{"INBOX", mails(300)}}};
    world.list("/INBOX");
    for (std::uint32_t i = 1; i <= 300; ++i) {
      const auto uid = down ? 301 - i : i;
      REQUIRE(world.read(path(uid)) == octets(uid));
    }
    CHECK(world.server().count(kBody) <= 10);
    CHECK(fetched(world) == 300);
  }
}

TEST_CASE("random reads cost one command for one message each", "[fs][ahead]") {
  World world{{{"INBOX", mails(300)}}};
  world.list("/INBOX");
  const std::vector<std::uint32_t> order{150, 20, 280, 77, 190, 3, 240, 111, 60, 299};
  for (const auto uid : order) REQUIRE(world.read(path(uid)) == octets(uid));
  CHECK(world.server().count(kBody) == order.size());
  CHECK(fetched(world) == order.size());
}

TEST_CASE("a scan that stops fetches no further than its window", "[fs][ahead]") {
  World world{{{"INBOX", mails(300)}}};
  world.list("/INBOX");
  for (std::uint32_t uid = 300; uid > 297; --uid) world.read(path(uid));
  CHECK(fetched(world) <= 3 + 8 + 16);
  for (std::uint32_t uid = 297; uid > 280; --uid) world.read(path(uid));
  CHECK(fetched(world) <= 2 + 8 + 32);
}

TEST_CASE("a scan over a mailbox that is cached in part fetches the rest", "[fs][ahead]") {
  World world{{{"INBOX", mails(200)}}};
  world.list("/INBOX");
  for (std::uint32_t uid = 10; uid <= 200; uid += 10) world.read(path(uid));
  world.restart();
  world.server().forget_log();
  for (std::uint32_t uid = 200; uid >= 1; --uid) REQUIRE(world.read(path(uid)) == octets(uid));
  CHECK(fetched(world) == 180);
  CHECK(world.server().count(kBody) <= 20);
}

TEST_CASE("a mailbox that is cached is read without the server", "[fs][ahead]") {
  World world{{{"INBOX", mails(50)}}};
  for (const auto& name : world.list("/INBOX")) world.read("/INBOX/" + name);
  world.server().forget_log();
  for (const auto& name : world.list("/INBOX")) world.read("/INBOX/" + name);
  CHECK(world.server().count("UID FETCH") == 0);
}

TEST_CASE("large messages are left to those who read them", "[fs][ahead]") {
  auto messages = mails(20);
  messages[9] = mail_of_size("large", 5 << 20);
  World world{{{"INBOX", messages}}};
  world.list("/INBOX");
  for (std::uint32_t uid = 20; uid > 11; --uid) world.read(path(uid));
  CHECK(world.server().count(" 10 (UID BODY") == 0);
  CHECK((world.read(path(10)) == messages[9].octets));
}

TEST_CASE("one message that is refused does not take its batch along", "[fs][ahead]") {
  World world{{{"INBOX", mails(40)}}};
  world.list("/INBOX");
  world.read(path(40));
  world.server().refuse(":38 (UID BODY", "NO [UNAVAILABLE] one of them is broken", 1);
  world.server().refuse("UID FETCH 35 (UID BODY", "NO [UNAVAILABLE] broken");
  for (std::uint32_t uid = 39; uid >= 1; --uid) {
    const int error = tests::error_of([&] { world.read(path(uid)); });
    CHECK(error == (uid == 35 ? EAGAIN : 0));
  }
  world.server().behave();
  CHECK(world.read(path(35)) == octets(35));
}

TEST_CASE("each message of a batch that lacks some ends as it is", "[fs][ahead]") {
  World world{{{"INBOX", mails(40)}}};
  world.list("/INBOX");
  world.other_client().expunge("INBOX", Uid{37});
  world.server().leave_out(kBody, "INBOX", Uid{36});
  auto held = world.server().hold(":38 (UID BODY");
  world.read(path(40));
  world.read(path(39));
  REQUIRE(held.wait_reached());
  const auto gone = world.ino(path(37));
  const auto silent = world.ino(path(36));
  auto first = tests::in_background([&] { return world.read(gone, 0, 10); });
  auto second = tests::in_background([&] { return world.read(silent, 0, 10); });
  held.release();
  REQUIRE(tests::ends(first));
  REQUIRE(tests::ends(second));
  CHECK(tests::error_of([&] { first.get(); }) == ESTALE);
  CHECK(tests::error_of([&] { second.get(); }) == EIO);
  CHECK(world.read(path(38)) == octets(38));
}

TEST_CASE("a batch that is cut off is not fetched again as a whole", "[fs][ahead]") {
  WorldOptions options;
  options.connections = 1;
  auto messages = mails(20);
  for (auto& message : messages) message.octets += std::string(5000, 'x');
  World world{{{"INBOX", messages}}, options};
  world.list("/INBOX");
  world.server().cut(":18 (UID BODY", 20'000);
  for (std::uint32_t uid = 20; uid >= 1; --uid) {
    REQUIRE((world.read(path(uid)) == messages[uid - 1].octets));
  }
  CHECK(fetched(world) < 20 + 8);
}
