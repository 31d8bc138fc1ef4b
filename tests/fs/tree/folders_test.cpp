// Mailboxes as directories.

#include "fs/mail/errors.h"
#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using tests::Box;
using tests::mail;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

WorldOptions delimited_by(std::optional<char> delimiter, std::string prefix = {}) {
  WorldOptions options;
  options.profile.delimiter = delimiter;
  options.profile.prefix = std::move(prefix);
  return options;
}

WorldOptions impatient() {
  WorldOptions options;
  options.mail.folders_fresh = {};
  return options;
}

}  // namespace

TEST_CASE("mailboxes nest by the server's delimiter", "[fs][folders]") {
  for (const char delimiter : {'/', '.', '\\'}) {
    const std::string d(1, delimiter);
    World world{{{"INBOX"}, {"Work"}, {"Work" + d + "2026"}, {"Work" + d + "2026" + d + "May"}},
                delimited_by(delimiter)};
    CHECK(world.list("/") == Names{"INBOX", "Work"});
    CHECK(world.list("/Work") == Names{"2026"});
    CHECK(world.list("/Work/2026") == Names{"May"});
    CHECK(world.stat("/Work").links == 3);
    CHECK(world.stat("/Work/2026/May").kind == fs::Kind::directory);
  }
}

TEST_CASE("without a delimiter all mailboxes are beside each other", "[fs][folders]") {
  World world{{{"INBOX"}, {"a.b"}, {"a\\b"}}, delimited_by(std::nullopt)};
  CHECK(world.list("/") == Names{"INBOX", "a.b", "a\\b"});
}

TEST_CASE("the prefix of the personal namespace is not shown", "[fs][folders]") {
  World world{{{"INBOX", {mail("one")}}, {"INBOX.Sent"}, {"INBOX.Work"}, {"INBOX.Work.2026"}},
              delimited_by('.', "INBOX.")};
  CHECK(world.list("/") == Names{"INBOX", "Sent", "Work"});
  CHECK(world.list("/Work") == Names{"2026"});
  CHECK(world.list("/INBOX") == Names{"1.eml"});
}

TEST_CASE("a mailbox INBOX below the prefix does not pass for INBOX", "[fs][folders]") {
  World world{{{"INBOX", {mail("one")}}, {"INBOX.INBOX", {mail("a"), mail("b")}}},
              delimited_by('.', "INBOX.")};
  CHECK(world.list("/") == Names{"INBOX", "%49NBOX"});
  CHECK(world.list("/INBOX") == Names{"1.eml"});
  CHECK(world.list("/%49NBOX") == Names{"2.eml", "1.eml"});
}

TEST_CASE("children of INBOX are beside it where the prefix is empty", "[fs][folders]") {
  World world{{{"INBOX", {mail("one")}}, {"INBOX/Old"}}};
  CHECK(world.list("/") == Names{"INBOX"});
  CHECK(world.list("/INBOX") == Names{"Old", "1.eml"});
}

TEST_CASE("a level that the server does not list is a directory all the same", "[fs][folders]") {
  World world{{{"INBOX"}, {"a/b/c", {mail("one")}}}};
  CHECK(world.list("/a") == Names{"b"});
  CHECK(world.list("/a/b/c") == Names{"1.eml"});
  CHECK(world.server().count("EXAMINE") == 1);
}

TEST_CASE("a mailbox that holds no messages is a plain directory", "[fs][folders]") {
  World world{{{"INBOX"}, {"[Gmail]", {}, {"\\Noselect"}}, {"[Gmail]/Spam", {mail("one")}}}};
  CHECK(world.list("/[Gmail]") == Names{"Spam"});
  CHECK(world.server().count("EXAMINE") == 0);
  CHECK_FALSE(world.lookup("/[Gmail]/1.eml"));
  CHECK(world.list("/[Gmail]/Spam") == Names{"1.eml"});
}

TEST_CASE("names with characters of modified UTF-7 and slashes read as people write them",
          "[fs][folders]") {
  World world{{{"INBOX"}, {"Entw&APw-rfe", {mail("one")}}, {"a/b"}}, delimited_by('.')};
  CHECK(world.list("/") == Names{"Entwürfe", "INBOX", "a%2Fb"});
  CHECK(world.list("/Entwürfe") == Names{"1.eml"});
  CHECK(world.server().count("EXAMINE \"Entw&APw-rfe\"") == 1);
}

TEST_CASE("two mailboxes whose names are cut to the same entry are both there", "[fs][folders]") {
  // One decodes to what the other is.
  const std::string level(300, 'x');
  World world{{{"INBOX"}, {level + "1"}, {level + "2"}}};
  const auto names = world.list("/");
  REQUIRE(names.size() == 3);
  CHECK(names[1] != names[2]);
  for (const auto& name : names) CHECK(world.lookup("/" + name));
}

TEST_CASE("a mailbox in two spellings of INBOX is there once", "[fs][folders]") {
  World world{{{"Inbox", {mail("one")}}, {"Work"}}};
  CHECK(world.list("/") == Names{"INBOX", "Work"});
}

TEST_CASE("a server that does not list INBOX has one", "[fs][folders]") {
  World world{{{"Work"}}};
  CHECK(world.list("/") == Names{"Work", "INBOX"});
}

TEST_CASE("without NAMESPACE the prefix is what all mailboxes have in common", "[fs][folders]") {
  auto options = delimited_by('.', "INBOX.");
  options.profile = options.profile.without("NAMESPACE");
  World world{{{"INBOX"}, {"INBOX.Sent"}}, options};
  CHECK(world.list("/") == Names{"INBOX", "Sent"});
  World mixed{{{"INBOX"}, {"INBOX.Sent"}, {"Work"}}, options};
  CHECK(mixed.list("/") == Names{"INBOX", "Work"});
  CHECK(mixed.list("/INBOX") == Names{"Sent"});
  CHECK(mixed.server().count("NAMESPACE") == 0);
}

TEST_CASE("a mount may begin at a mailbox", "[fs][folders]") {
  WorldOptions options;
  options.root_mailbox = "Work";
  World world{{{"INBOX"}, {"Work", {mail("one")}}, {"Work/2026", {mail("two")}}}, options};
  CHECK(world.list("/") == Names{"2026", "1.eml"});
  CHECK(world.list("/2026") == Names{"1.eml"});
  const auto below = world.ino("/2026");
  const auto entries = world.page(below, 0, 2);
  CHECK(entries.names == Names{".", ".."});
  CHECK(entries.attributes[0].ino == below);
  CHECK(entries.attributes[1].ino == fs::kRootIno);
}

TEST_CASE("a mount whose mailbox another client deletes is stale, not empty", "[fs][folders]") {
  auto options = impatient();
  options.root_mailbox = "Work";
  World world{{{"INBOX"}, {"Work", {mail("one")}}}, options};
  world.other_client().remove("Work");
  CHECK(tests::error_of([&] { world.list("/"); }) == ESTALE);
}

TEST_CASE("mailboxes that another client makes and deletes come and go", "[fs][folders]") {
  World world{{{"INBOX"}, {"Work", {mail("one")}}}, impatient()};
  REQUIRE(world.list("/") == Names{"INBOX", "Work"});
  const auto work = world.ino("/Work");
  world.other_client().create({"New", {mail("one")}});
  world.other_client().remove("Work");
  CHECK(world.list("/") == Names{"INBOX", "New"});
  CHECK_FALSE(world.lookup("/Work"));
  CHECK(tests::error_of([&] { world.open(work); }) == ESTALE);
  CHECK(world.list("/New") == Names{"1.eml"});
}

TEST_CASE("a folder that cannot be opened any more has the folders looked at again",
          "[fs][folders]") {
  World world{{{"INBOX"}, {"Work", tests::mails(1)}}};
  const auto folder = world.ino("/Work");
  world.other_client().remove("Work");
  // Nobody has told, and the folders are fresh.
  CHECK(tests::error_of([&] { world.open(folder); }) == ESTALE);
  CHECK(tests::eventually([&] { return world.list("/") == Names{"INBOX"}; }));
}

TEST_CASE("inode numbers of directories survive a restart and are not used again",
          "[fs][folders]") {
  World world{{{"INBOX"}, {"A"}, {"B"}}};
  const auto inbox = world.ino("/INBOX");
  const auto a = world.ino("/A");
  const auto b = world.ino("/B");
  world.other_client().remove("A");
  world.other_client().create({"C"});
  world.restart();
  CHECK(world.ino("/INBOX") == inbox);
  CHECK(world.ino("/B") == b);
  CHECK(world.ino("/C") != a);
}

TEST_CASE("folders that are known are shown while the server is silent", "[fs][folders]") {
  auto options = impatient();
  options.mail.stale_wait = std::chrono::milliseconds(20);
  World world{{{"INBOX"}, {"Work"}}, options};
  auto held = world.server().hold("LIST");
  CHECK(world.list("/") == Names{"INBOX", "Work"});
  CHECK(held.wait_reached());
  world.other_client().create({"New"});
  held.release();
  CHECK(tests::eventually([&] { return world.list("/") == Names{"INBOX", "Work", "New"}; }));
}

TEST_CASE("the time of a directory is that of the mount until messages come or go",
          "[fs][folders]") {
  auto options = impatient();
  options.mail.mailbox_fresh = {};
  options.connections = 1;
  World world{{{"INBOX", {mail("one")}}, {"Quiet", {mail("one")}}}, options};
  world.list("/INBOX");
  world.list("/Quiet");
  CHECK(world.stat("/INBOX").time == 1'000'000'000);
  world.other_client().append("INBOX", mail("two"));
  world.settle();
  world.list("/INBOX");
  world.list("/Quiet");
  CHECK(world.stat("/INBOX").time > 1'000'000'000);
  CHECK(world.stat("/Quiet").time == 1'000'000'000);
}
