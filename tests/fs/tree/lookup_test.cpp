// Names: what they resolve to, and what they cost.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using imap::Uid;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

WorldOptions with_full_names() {
  WorldOptions options;
  options.names = std::string(fs::NameTemplate::kDefault);
  return options;
}

}  // namespace

TEST_CASE("a message resolves by its full name and by its UID alone", "[fs][lookup]") {
  World world{{{"INBOX", {mail("Quarterly figures")}}}, with_full_names()};
  const std::string name = "2026-11-21 Alice Weber - Quarterly figures.1.eml";
  REQUIRE(world.list("/INBOX") == Names{name});
  CHECK(world.ino("/INBOX/" + name) == world.ino("/INBOX/1.eml"));
}

TEST_CASE("a name that is too long is told from one that there is not", "[fs][lookup]") {
  World world{{{"INBOX", {mail("here")}}}};
  CHECK_FALSE(world.lookup("/INBOX/" + std::string(255, 'n')));
  for (const std::string folder : {"/", "/INBOX/"}) {
    CHECK(tests::error_of([&] { world.lookup(folder + std::string(256, 'n')); }) == ENAMETOOLONG);
  }
}

TEST_CASE("another text before the UID is another name, which there is not", "[fs][lookup]") {
  World world{{{"INBOX", {mail("Quarterly figures")}}}, with_full_names()};
  world.list("/INBOX");
  CHECK_FALSE(world.lookup("/INBOX/something else.1.eml"));
  CHECK_FALSE(world.lookup("/INBOX/2026-11-21 Alice Weber - Quarterly.1.eml"));
  CHECK_FALSE(world.lookup("/INBOX/01.eml"));
  CHECK_FALSE(world.lookup("/INBOX/1.EML"));
  CHECK_FALSE(world.lookup("/INBOX/0.eml"));
  CHECK_FALSE(world.lookup("/INBOX/4294967296.eml"));
}

TEST_CASE("a message that is not cached is found at the server", "[fs][lookup]") {
  World world{{{"INBOX", mails(3)}}};
  CHECK(world.stat("/INBOX/2.eml").size == mail("message 2").octets.size());
  CHECK_FALSE(world.lookup("/INBOX/4.eml"));
}

TEST_CASE("a UID that is missing costs nothing while the listing is fresh", "[fs][lookup]") {
  World world{{{"INBOX", mails(3)}}};
  world.list("/INBOX");
  REQUIRE(tests::eventually([&] {
    world.server().forget_log();
    return !world.lookup("/INBOX/4.eml") && world.server().log().empty();
  }));
  world.other_client().append("INBOX", mail("new"));
  CHECK_FALSE(world.lookup("/INBOX/4.eml"));
  CHECK(world.server().log().empty());
}

TEST_CASE("a new message is found by its UID when the listing is no longer fresh", "[fs][lookup]") {
  WorldOptions options;
  options.mail.mailbox_fresh = {};
  options.connections = 1;
  World world{{{"INBOX", mails(3)}}, options};
  world.list("/INBOX");
  world.settle();
  world.other_client().append("INBOX", mail("new"));
  CHECK(world.lookup("/INBOX/4.eml"));
}

TEST_CASE("names that only programs look for send no command", "[fs][lookup]") {
  WorldOptions options;
  options.mail.folders_fresh = {};
  World world{{{"INBOX", mails(1)}, {"[Gmail]", {}, {"\\Noselect"}}}, options};
  world.list("/INBOX");
  const auto inbox = world.ino("/INBOX");
  const auto closed = world.ino("/[Gmail]");
  world.server().forget_log();
  fs::NoInterrupt nobody;
  for (const auto* name : {".git", ".hidden", "autorun.inf", ".anything", "BDMV", ".Trash-1000"}) {
    CHECK_FALSE(world.filesystem().lookup(fs::kRootIno, name, nobody));
    CHECK_FALSE(world.filesystem().lookup(inbox, name, nobody));
    CHECK_FALSE(world.filesystem().lookup(closed, name, nobody));
  }
  CHECK_FALSE(world.filesystem().lookup(closed, "7.eml", nobody));
  CHECK(world.server().log().empty());
}

TEST_CASE("unknown names ask for the folders once within their time", "[fs][lookup]") {
  WorldOptions options;
  options.mail.folders_fresh = {};
  World world{{{"INBOX"}}, options};
  const auto before = world.server().count("LIST");
  CHECK_FALSE(world.lookup("/New"));
  CHECK(world.server().count("LIST") == before + 1);
  world.other_client().create({"New"});
  CHECK(world.lookup("/New"));

  World calm{{{"INBOX"}}};
  calm.server().forget_log();
  for (int i = 0; i < 10; ++i) CHECK_FALSE(calm.lookup("/Unknown" + std::to_string(i)));
  CHECK(calm.server().log().empty());
}

TEST_CASE("many who ask for an unknown name at once cost one LIST", "[fs][lookup]") {
  WorldOptions options;
  options.mail.folders_fresh = {};
  World world{{{"INBOX"}}, options};
  world.server().forget_log();
  auto held = world.server().hold("LIST");
  std::vector<std::future<bool>> asked;
  for (int i = 0; i < 16; ++i) {
    asked.push_back(tests::in_background([&] { return world.lookup("/New").has_value(); }));
  }
  REQUIRE(held.wait_reached());
  world.other_client().create({"New"});
  CHECK(world.server().count("LIST") == 1);
  held.release();
  for (auto& one : asked) REQUIRE(tests::ends(one));
  // Some may have asked after the first answer.
  CHECK(asked.front().get());
}

TEST_CASE("a message beyond the listing is waited for while a first listing runs", "[fs][lookup]") {
  World world{{{"INBOX", mails(600)}}};
  auto held = world.server().hold("UID FETCH", 1);
  world.open(world.ino("/INBOX"));
  REQUIRE(held.wait_reached());
  CHECK(world.lookup("/INBOX/550.eml"));
  auto old = tests::in_background([&] { return world.lookup("/INBOX/10.eml").has_value(); });
  auto missing = tests::in_background([&] { return world.lookup("/INBOX/601.eml").has_value(); });
  REQUIRE(tests::ends(missing));
  CHECK_FALSE(missing.get());
  CHECK(tests::is_running(old));
  held.release();
  REQUIRE(tests::ends(old));
  CHECK(old.get());
}

TEST_CASE("nothing is below a message", "[fs][lookup]") {
  World world{{{"INBOX", mails(1)}}};
  const auto file = world.ino("/INBOX/1.eml");
  fs::NoInterrupt nobody;
  CHECK(tests::error_of([&] { world.filesystem().lookup(file, "x", nobody); }) != 0);
  CHECK(tests::error_of([&] { world.page(file, 0, 1); }) != 0);
  CHECK(tests::error_of([&] { world.read(world.ino("/INBOX"), 0, 1); }) == EISDIR);
}

TEST_CASE("a folder is found before a message and whatever else is asked", "[fs][lookup]") {
  World world{{{"INBOX", mails(1)}, {"INBOX/5.eml"}}};
  world.server().forget_log();
  CHECK(world.lookup("/INBOX/5%2Eeml")->kind == fs::Kind::directory);
  CHECK(world.server().log().empty());
}
