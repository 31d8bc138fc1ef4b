// What the mount tells of itself: `.imapfs` at its root.

#include "fs/tree/own_files.h"

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using tests::mail;
using tests::Names;
using tests::Octets;
using tests::World;
using tests::WorldOptions;

namespace {

WorldOptions telling(fs::OwnFiles::Content content) {
  WorldOptions options;
  options.status = std::move(content);
  return options;
}

}  // namespace

TEST_CASE("the mount's own directory is found by name and not listed", "[fs][own]") {
  World world{{{"INBOX", {mail("one")}}}, telling([] { return "{}\n"; })};
  CHECK(world.list("/") == Names{"INBOX"});
  const auto directory = world.stat("/.imapfs");
  CHECK(directory.kind == fs::Kind::directory);
  CHECK(world.list("/.imapfs") == Names{"status"});
  CHECK(world.page(directory.ino, 0, 1).names == Names{"."});
  CHECK(world.page(directory.ino, 1, 2).names == Names{"..", "status"});
  CHECK_FALSE(world.lookup("/.imapfs/other"));
  CHECK_FALSE(world.lookup("/INBOX/.imapfs"));
  CHECK(tests::error_of([&] { world.read(directory.ino, 0, 100); }) == EISDIR);
  CHECK(world.filesystem().attribute_names(directory.ino).empty());
}

TEST_CASE("without something to tell there is no such directory", "[fs][own]") {
  World world{{{"INBOX"}}};
  CHECK_FALSE(world.lookup("/.imapfs"));
}

TEST_CASE("each who looks reads what was true then, to its end", "[fs][own]") {
  std::string now = "first\n";
  World world{{{"INBOX"}}, telling([&now] { return now; })};
  const auto first = world.stat("/.imapfs/status");
  now = "second, and longer\n";
  const auto second = world.stat("/.imapfs/status");
  CHECK(first.kind == fs::Kind::own_file);
  CHECK(first.ino != second.ino);
  CHECK(fs::shown_ino(first.ino) == fs::shown_ino(second.ino));
  CHECK_FALSE(fs::is_message(first.ino));
  CHECK(first.size == 6);
  CHECK(world.read(first.ino, 0, 4096).text == "first\n");
  CHECK(world.stat(first.ino).size == 6);
  CHECK(second.size == now.size());
  CHECK(world.read(second.ino, 0, 4096).text == now);
  CHECK(world.read(second.ino, 8, 3).text == "and");
  CHECK(world.read(second.ino, 1000, 10).text.empty());
}

TEST_CASE("old versions of an own file are forgotten", "[fs][own]") {
  World world{{{"INBOX"}}, telling([] { return "status"; })};
  const auto first = world.ino("/.imapfs/status");
  for (std::size_t i = 0; i < fs::OwnFiles::kMost - 1; ++i) world.ino("/.imapfs/status");
  CHECK(world.read(first, 0, 100).text == "status");
  world.ino("/.imapfs/status");
  CHECK(tests::error_of([&] { world.read(first, 0, 100); }) == ESTALE);
  CHECK(tests::error_of([&] { world.stat(first); }) == ESTALE);
}

TEST_CASE("the status knows listed folders, fetched bodies and the cache", "[fs][status]") {
  World world{{{"INBOX", {mail("one"), mail("two")}}, {"Work", {mail("three")}}, {"Work/Old"}}};
  CHECK(world.mail().status().mailboxes.empty());
  world.list("/INBOX");
  world.list("/Work/Old");
  world.read("/INBOX/1.eml");
  REQUIRE(tests::eventually([&] { return world.mail().status().cache.bodies == 1; }));
  world.read("/INBOX/1.eml");
  const auto status = world.mail().status();
  CHECK(status.online);
  CHECK(status.folders == 3);
  REQUIRE(status.mailboxes.size() == 2);
  CHECK(status.mailboxes[0].folder == "INBOX");
  CHECK(status.mailboxes[0].messages == 2);
  CHECK(status.mailboxes[0].synced_at > 1'000'000'000);
  CHECK(status.mailboxes[1].folder == "Work/Old");
  CHECK(status.connections.size() == 3);
  CHECK(status.bodies.messages == 1);
  CHECK(status.bodies.bytes == mail("one").octets.size());
  CHECK(status.bodies.reads == 2);
  CHECK(status.bodies.from_cache == 1);
  CHECK(status.cache.messages == 2);
}

TEST_CASE("the status says why and since when the server cannot be reached", "[fs][status]") {
  World world{{{"INBOX", {mail("one")}}}};
  const auto begun = world.mail().status().since;
  world.restart_without_server();
  CHECK(tests::error_of([&] { world.list("/INBOX"); }) != 0);
  REQUIRE(tests::eventually([&] { return !world.mail().status().online; }));
  const auto status = world.mail().status();
  CHECK_FALSE(status.reason.empty());
  CHECK(status.since >= begun - 1);
}
