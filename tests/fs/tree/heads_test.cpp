// The first lines of a large message, without the rest of it.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>
#include <cstddef>

using tests::mail;
using tests::mail_of_size;
using tests::World;

namespace {

constexpr std::uint64_t kLines = 16 * 1024;  // what the kernel asks for first when `head` reads

World with_large_message() {
  return World{{{"INBOX", {mail("small"), mail_of_size("large", 3 << 20)}}}};
}

std::string large() {
  return mail_of_size("large", 3 << 20).octets;
}

}  // namespace

TEST_CASE("a few lines of a large message cost one small fetch", "[fs][heads]") {
  auto world = with_large_message();
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  CHECK((world.read(file, 0, kLines).text == large().substr(0, kLines)));
  CHECK((world.read(file, 0, 4096).text == large().substr(0, 4096)));
  CHECK((world.read(file, kLines, kLines).text == large().substr(kLines, kLines)));
  CHECK(world.server().count("BODY.PEEK[]<0.65536>") == 1);
  CHECK(world.server().count("BODY.PEEK[])") == 0);
}

TEST_CASE("who reads on gets the rest of a large message", "[fs][heads]") {
  auto world = with_large_message();
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  world.read(file, 0, kLines);
  CHECK((world.read("/INBOX/2.eml") == large()));
  CHECK((world.read(file, 0, kLines).text == large().substr(0, kLines)));
  CHECK(world.server().count("BODY.PEEK[]<") == 1);
  CHECK(world.server().count("BODY.PEEK[])") == 1);
}

TEST_CASE("a small message, and one read by large pieces, is fetched whole at once",
          "[fs][heads]") {
  auto world = with_large_message();
  world.list("/INBOX");
  world.read(world.ino("/INBOX/1.eml"), 0, kLines);
  world.read(world.ino("/INBOX/2.eml"), 0, 128 * 1024);
  CHECK(world.server().count("BODY.PEEK[]<") == 0);
}

TEST_CASE("a server that sends no parts of messages sends the whole", "[fs][heads]") {
  auto world = with_large_message();
  world.list("/INBOX");
  world.server().refuse("BODY.PEEK[]<", "BAD no partial fetch here");
  CHECK((world.read(world.ino("/INBOX/2.eml"), 0, kLines).text == large().substr(0, kLines)));
  CHECK(world.server().count("BODY.PEEK[])") == 1);
}

TEST_CASE("the beginning of a message that has gone meanwhile is stale", "[fs][heads]") {
  auto world = with_large_message();
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  world.server().expunge("INBOX", imap::Uid{2});
  CHECK(tests::error_of([&] { world.read(file, 0, kLines); }) == ESTALE);
}

TEST_CASE("the beginning of what was announced as large and is small corrects its size",
          "[fs][heads]") {
  World world{{{"INBOX", {mail("small")}}}};
  world.server().misbehave([](auto& faults) {
    faults.announced_size = [](imap::Uid, std::uint64_t size) -> std::optional<std::uint64_t> {
      return size + 5'000'000;
    };
  });
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/1.eml");
  CHECK(world.read(file, 0, kLines).text == mail("small").octets);
  // A kernel that still believed in the other size would show zeros behind it.
  CHECK(world.stat(file).size == mail("small").octets.size());
}
