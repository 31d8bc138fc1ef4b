// Messages in directories: the first listing, and what changes later.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <algorithm>
#include <cerrno>

using imap::Uid;
using tests::Box;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

/// Asks the server each time.
WorldOptions always_fresh() {
  WorldOptions options;
  options.mail.mailbox_fresh = {};
  options.connections = 1;  // so that World::settle works
  return options;
}

/// Lists after another look at the server, which is not one that began before.
Names list_anew(World& world, const std::string& path) {
  world.settle();
  return world.list(path);
}

Names descending(std::uint32_t from, std::uint32_t to) {
  Names names;
  for (auto uid = from; uid >= to && uid > 0; --uid) names.push_back(std::to_string(uid) + ".eml");
  return names;
}

}  // namespace

TEST_CASE("messages are listed newest first", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}}};
  CHECK(world.list("/INBOX") == Names{"3.eml", "2.eml", "1.eml"});
}

TEST_CASE("an empty mailbox is an empty directory", "[fs][listing]") {
  World world{{{"INBOX"}}};
  CHECK(world.list("/INBOX").empty());
  CHECK(world.server().count("UID") == 0);
}

TEST_CASE("a message shows its size and the time it arrived", "[fs][listing]") {
  auto first = mail("first");
  first.internal_date = "01-Jan-2026 00:00:00 +0100";
  World world{{{"INBOX", {first}}}};
  world.list("/INBOX");
  const auto attributes = world.stat("/INBOX/1.eml");
  CHECK(attributes.kind == fs::Kind::message);
  CHECK(attributes.size == first.octets.size());
  CHECK(attributes.time == 1'767'222'000);
}

TEST_CASE("5,000 messages are listed once each, in pages of any size", "[fs][listing]") {
  World world{{{"INBOX", mails(5000)}}};
  CHECK((world.list("/INBOX", 37) == descending(5000, 1)));
  CHECK((world.list("/INBOX", 4999) == descending(5000, 1)));
  CHECK(world.server().count("UID SEARCH") == 1);
  CHECK(world.server().count("UID FETCH") == 6);  // 100, 200, 400, 800, and four of up to 1,000
}

TEST_CASE("a server without ESEARCH is listed as well", "[fs][listing]") {
  WorldOptions options;
  options.profile = options.profile.without("ESEARCH");
  World world{{{"INBOX", mails(30)}}, options};
  CHECK(world.list("/INBOX") == descending(30, 1));
}

TEST_CASE("a server with the bare protocol is listed and read", "[fs][listing]") {
  WorldOptions options;
  options.profile.capabilities = {"IMAP4rev1"};
  World world{{{"INBOX", mails(3)}, {"B\xC3\xBC", {mail("odd name")}}}, options};
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(world.read("/INBOX/2.eml") == mail("message 2").octets);
  const auto names = world.list("/");
  REQUIRE(names.size() == 2);
  CHECK(world.list("/" + names[0]).size() + world.list("/" + names[1]).size() == 4);
}

TEST_CASE("a first listing shows what has come while the rest is held back", "[fs][listing]") {
  World world{{{"INBOX", mails(600)}}};
  auto held = world.server().hold("UID FETCH", 1);
  const auto inbox = world.ino("/INBOX");
  world.open(inbox);
  REQUIRE(held.wait_reached());
  const auto first = world.page(inbox, 0, 1000);
  CHECK(first.names.size() == 102);  // `.`, `..` and the first chunk
  CHECK(first.names[2] == "600.eml");
  CHECK(first.names.back() == "501.eml");

  auto rest = tests::in_background([&] { return world.page(inbox, first.next, 1000); });
  CHECK(tests::is_running(rest));
  held.release();
  REQUIRE(tests::ends(rest));
  const auto second = rest.get();
  REQUIRE_FALSE(second.names.empty());
  CHECK(second.names.front() == "500.eml");
}

TEST_CASE("readdir waits for nothing while it can add something", "[fs][listing]") {
  World world{{{"INBOX", mails(600)}, {"INBOX/Old"}}};
  auto held = world.server().hold("UID FETCH");
  const auto inbox = world.ino("/INBOX");
  auto opened = tests::in_background([&] { world.open(inbox); });
  REQUIRE(held.wait_reached());
  CHECK(world.page(inbox, 0, 1000).names == Names{".", "..", "Old"});
  held.release();
  REQUIRE(tests::ends(opened));
}

TEST_CASE("offsets stay good while messages come and go", "[fs][listing]") {
  World world{{{"INBOX", mails(20)}}, always_fresh()};
  const auto inbox = world.ino("/INBOX");
  world.open(inbox);
  const auto first = world.page(inbox, 0, 12);
  REQUIRE(first.names.back() == "11.eml");
  world.other_client().append("INBOX", mail("new"));
  world.other_client().expunge("INBOX", Uid{11});  // where the reader stands
  world.other_client().expunge("INBOX", Uid{10});
  world.other_client().expunge("INBOX", Uid{15});
  world.settle();
  world.open(inbox);
  CHECK(world.page(inbox, first.next, 1000).names == descending(9, 1));
  CHECK(list_anew(world, "/INBOX").front() == "21.eml");
}

TEST_CASE("the lowest UIDs there can be end a directory", "[fs][listing]") {
  World world{{{"INBOX", mails(2)}}};
  const auto inbox = world.ino("/INBOX");
  world.open(inbox);
  const auto all = world.page(inbox, 0, 10);
  CHECK(world.page(inbox, all.next, 10).names.empty());
}

TEST_CASE("the highest UIDs there can be are listed", "[fs][listing]") {
  World world{{{"INBOX", mails(1)}}};
  world.other_client().set_uid_next("INBOX", 0xFFFF'FFFE);
  world.other_client().append("INBOX", mail("high"));
  CHECK(world.list("/INBOX", 1) == Names{"4294967294.eml", "1.eml"});
  CHECK(world.read("/INBOX/4294967294.eml") == mail("high").octets);
}

TEST_CASE("a first listing that is cut off goes on where it was", "[fs][listing]") {
  WorldOptions options;
  options.connections = 1;
  World world{{{"INBOX", mails(2000)}}, options};
  auto held = world.server().hold("UID FETCH", 3);
  world.server().cut("UID FETCH", 1000, 3);
  auto listed = tests::in_background([&] { return world.list("/INBOX"); });
  REQUIRE(tests::eventually([&] { return world.filesystem().usage().files == 700; }));
  held.release();
  REQUIRE(tests::ends(listed));
  CHECK((listed.get() == descending(2000, 1)));
  std::size_t fetched = 0;
  for (const auto& command : world.server().log()) {
    if (command.find("UID FETCH 1901:2000") != std::string::npos) ++fetched;
  }
  CHECK(fetched == 1);
}

TEST_CASE("a listing that failed half way is completed by the next one", "[fs][listing]") {
  World world{{{"INBOX", mails(2000)}}};
  world.server().refuse("UID FETCH", "BAD out of order", tests::MemoryServer::kAlways, 2);
  CHECK(tests::error_of([&] { world.list("/INBOX", 10); }) == EIO);
  world.cache().run([](cache::Edit&) {});
  world.server().behave();
  world.server().forget_log();
  CHECK((world.list("/INBOX") == descending(2000, 1)));
  CHECK(world.server().count("UID FETCH 1901:2000") == 0);
  world.restart();
  CHECK((world.list("/INBOX") == descending(2000, 1)));
}

TEST_CASE("a reader finds out that the first listing failed behind it", "[fs][listing]") {
  World world{{{"INBOX", mails(2000)}}};
  auto held = world.server().hold("UID FETCH", 1);
  world.server().refuse(":1900 (", "BAD out of order");
  const auto inbox = world.ino("/INBOX");
  world.open(inbox);
  const auto first = world.page(inbox, 0, 1000);
  REQUIRE(first.names.back() == "1901.eml");
  held.release();
  CHECK(tests::error_of([&] { world.page(inbox, first.next, 1000); }) == EIO);
  CHECK(tests::error_of([&] { world.page(inbox, first.next, 1000); }) == EIO);
  world.server().behave();
  CHECK(world.page(inbox, first.next, 10).names == descending(1900, 1891));
}

TEST_CASE("new and expunged messages show when the listing is no longer fresh", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}}, always_fresh()};
  REQUIRE(list_anew(world, "/INBOX") == descending(3, 1));
  world.other_client().append("INBOX", mail("new"));
  world.other_client().expunge("INBOX", Uid{2});
  CHECK(list_anew(world, "/INBOX") == Names{"4.eml", "3.eml", "1.eml"});
  world.other_client().expunge("INBOX", Uid{4});
  CHECK(list_anew(world, "/INBOX") == Names{"3.eml", "1.eml"});
}

TEST_CASE("a listing that is fresh asks the server nothing", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}}};
  world.list("/INBOX");
  world.server().forget_log();
  world.other_client().append("INBOX", mail("new"));
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(world.server().log().empty());
}

TEST_CASE("an unchanged mailbox costs EXAMINE and its flags after a restart", "[fs][listing]") {
  WorldOptions options;
  options.connections = 1;
  World world{{{"INBOX", mails(700)}}, options};
  world.list("/INBOX");
  world.restart();
  world.server().forget_log();
  CHECK((world.list("/INBOX") == descending(700, 1)));
  // Without mod-sequences nobody knows which flags have changed.
  CHECK(world.server().log() == Names{"EXAMINE \"INBOX\"", "UID FETCH 1:700 (UID FLAGS)"});
}

TEST_CASE("a server without UIDNEXT is counted each time", "[fs][listing]") {
  auto options = always_fresh();
  options.profile.says_uid_next = false;
  World world{{{"INBOX", mails(3)}}, options};
  CHECK(list_anew(world, "/INBOX") == descending(3, 1));
  world.other_client().append("INBOX", mail("new"));
  world.other_client().expunge("INBOX", Uid{1});
  CHECK(list_anew(world, "/INBOX") == descending(4, 2));
}

TEST_CASE("a census that disagrees with the count deletes nothing", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}}, always_fresh()};
  REQUIRE(list_anew(world, "/INBOX") == descending(3, 1));
  world.other_client().append("INBOX", mail("new"));
  world.server().misbehave([](auto& faults) { faults.search_omits.add(Uid{3}); });
  world.other_client().expunge("INBOX", Uid{2});
  CHECK(list_anew(world, "/INBOX") == descending(4, 1));
  world.server().behave();
  CHECK(list_anew(world, "/INBOX") == Names{"4.eml", "3.eml", "1.eml"});
}

TEST_CASE("messages that an answer leaves out are asked for again", "[fs][listing]") {
  World world{{{"INBOX", mails(300)}}};
  world.server().leave_out("UID FETCH", "INBOX", Uid{250}, 1);
  CHECK((world.list("/INBOX") == descending(300, 1)));
  CHECK(world.stat("/INBOX/250.eml").size == mail("message 250").octets.size());
}

TEST_CASE("a message that the server never describes is listed all the same", "[fs][listing]") {
  World world{{{"INBOX", mails(300)}}, always_fresh()};
  world.server().leave_out("HEADER.FIELDS", "INBOX", Uid{250});
  CHECK((list_anew(world, "/INBOX") == descending(300, 1)));
  CHECK((list_anew(world, "/INBOX") == descending(300, 1)));
  CHECK(world.read("/INBOX/250.eml") == mail("message 250").octets);
  CHECK(world.stat("/INBOX/250.eml").size == mail("message 250").octets.size());
}

TEST_CASE("a reader of a first listing passes by no message that has to be asked for again",
          "[fs][listing]") {
  World world{{{"INBOX", mails(2000)}}};
  world.server().leave_out("UID FETCH", "INBOX", Uid{1950}, 1);
  auto held = world.server().hold("UID FETCH", 3);
  auto listed = tests::in_background([&] { return world.list("/INBOX"); });
  REQUIRE(held.wait_reached());
  held.release();
  REQUIRE(tests::ends(listed));
  CHECK((listed.get() == descending(2000, 1)));
}

TEST_CASE("another UIDVALIDITY makes old files stale and lists the new ones", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}, {"Work", mails(2)}}, always_fresh()};
  list_anew(world, "/INBOX");
  list_anew(world, "/Work");
  const auto old_directory = world.ino("/INBOX");
  const auto old_file = world.ino("/INBOX/2.eml");
  const auto work = world.ino("/Work/1.eml");
  world.read("/INBOX/2.eml");

  world.other_client().expunge("INBOX", Uid{1});
  world.other_client().renew("INBOX", 7);
  world.settle();
  CHECK(tests::error_of([&] { world.open(old_directory); }) == ESTALE);
  CHECK(list_anew(world, "/INBOX") == descending(2, 1));
  CHECK(world.ino("/INBOX") != old_directory);
  CHECK(world.ino("/INBOX/2.eml") != old_file);
  CHECK(tests::error_of([&] { world.read(old_file, 0, 10); }) == ESTALE);
  CHECK(tests::error_of([&] { world.stat(old_file); }) == ESTALE);
  CHECK(tests::error_of([&] { world.page(old_directory, 0, 10); }) == ESTALE);
  CHECK(world.read("/INBOX/2.eml") == mail("message 3").octets);
  CHECK(world.ino("/Work/1.eml") == work);
  CHECK(list_anew(world, "/Work") == descending(2, 1));
}

TEST_CASE("a new UIDVALIDITY of a large mailbox whose listing is cut off does no lasting harm",
          "[fs][listing]") {
  for (const char* fault : {"cut", "refuse"}) {
    World world{{{"INBOX", mails(300)}}, always_fresh()};
    list_anew(world, "/INBOX");
    world.other_client().renew("INBOX", 7);
    if (fault == std::string("cut")) {
      world.server().cut("UID FETCH", 1000, 1);
    } else {
      world.server().refuse("UID FETCH", "BAD out of order", 1);
    }
    const int error = tests::error_of([&] { list_anew(world, "/INBOX"); });
    CHECK(error != ETIMEDOUT);
    CHECK(tests::eventually([&] {
      try {
        return list_anew(world, "/INBOX") == descending(300, 1);
      } catch (const std::exception&) {
        return false;
      }
    }));
  }
}

TEST_CASE("UIDNEXT that went back is a restored backup", "[fs][listing]") {
  World world{{{"INBOX", mails(3)}}, always_fresh()};
  list_anew(world, "/INBOX");
  const auto old_file = world.ino("/INBOX/3.eml");
  world.other_client().expunge("INBOX", Uid{3});
  world.other_client().set_uid_next("INBOX", 3);
  world.other_client().append("INBOX", mail("another third"));
  world.other_client().set_uid_next("INBOX", 3);
  CHECK(tests::error_of([&] { list_anew(world, "/INBOX"); }) == ESTALE);
  CHECK(list_anew(world, "/INBOX") == descending(3, 1));
  CHECK(world.read("/INBOX/3.eml") == mail("another third").octets);
  CHECK(tests::error_of([&] { world.read(old_file, 0, 10); }) == ESTALE);
}

TEST_CASE("a server that gives no UIDVALIDITY is listed", "[fs][listing]") {
  WorldOptions options;
  options.profile.says_uid_validity = false;
  World world{{{"INBOX", mails(3)}}, options};
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(world.read("/INBOX/3.eml") == mail("message 3").octets);
}

TEST_CASE("a folder that was listed before is shown while the server is silent", "[fs][listing]") {
  auto options = always_fresh();
  options.mail.stale_wait = std::chrono::milliseconds(20);
  World world{{{"INBOX", mails(3)}}, options};
  REQUIRE(world.list("/INBOX") == descending(3, 1));
  world.settle();
  world.other_client().append("INBOX", mail("new"));
  auto held = world.server().hold("EXAMINE");
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(held.wait_reached());
  CHECK(world.list("/INBOX") == descending(3, 1));
  held.release();
  CHECK(tests::eventually([&] { return world.list("/INBOX") == descending(4, 1); }));
}

TEST_CASE("of many folders of a silent server only the first makes its reader wait",
          "[fs][listing]") {
  constexpr int kFolders = 40;
  auto options = always_fresh();
  options.mail.stale_wait = std::chrono::milliseconds(100);
  std::vector<Box> boxes;
  for (int i = 0; i < kFolders; ++i) boxes.push_back({"Folder " + std::to_string(i), mails(1)});
  World world{boxes, options};
  for (const auto& box : boxes) REQUIRE(world.list("/" + box.name) == Names{"1.eml"});
  auto held = world.server().hold("EXAMINE");
  const auto begin = imap::Deadline::Clock::now();
  for (const auto& box : boxes) CHECK(world.list("/" + box.name) == Names{"1.eml"});
  CHECK(imap::Deadline::Clock::now() - begin < kFolders / 2 * options.mail.stale_wait);
  held.release();
  world.other_client().append("Folder 7", mail("new"));
  CHECK(tests::eventually([&] { return world.list("/Folder 7").size() == 2; }));
}

TEST_CASE("a first listing fails when the server is silent for too long", "[fs][listing]") {
  WorldOptions options;
  options.mail.timeout = std::chrono::milliseconds(100);
  World world{{{"INBOX", mails(3)}, {"Work", mails(600)}}, options};
  {
    const auto held = world.server().hold("EXAMINE");
    CHECK(tests::error_of([&] { world.list("/INBOX"); }) == ETIMEDOUT);
  }
  {
    const auto held = world.server().hold("UID FETCH", 1);
    CHECK(tests::error_of([&] { world.list("/Work"); }) == ETIMEDOUT);
  }
  CHECK(tests::eventually([&] { return tests::error_of([&] { world.list("/INBOX"); }) == 0; }));
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(tests::eventually([&] { return tests::error_of([&] { world.list("/Work"); }) == 0; }));
  CHECK((world.list("/Work") == descending(600, 1)));
}

TEST_CASE("whoever waits for a first listing can be interrupted", "[fs][listing]") {
  World world{{{"INBOX", mails(600)}}};
  const auto inbox = world.ino("/INBOX");
  auto held = world.server().hold("UID FETCH", 1);
  auto census = world.server().hold("UID SEARCH");
  tests::Interruption interruption;
  auto opened = tests::in_background([&] { world.open(inbox, &interruption); });
  REQUIRE(census.wait_reached());
  interruption.trigger();
  REQUIRE(tests::ends(opened));
  CHECK(tests::error_of([&] { opened.get(); }) == EINTR);

  census.release();
  REQUIRE(held.wait_reached());
  world.open(inbox);
  const auto first = world.page(inbox, 0, 1000);
  tests::Interruption another;
  auto rest = tests::in_background([&] { return world.page(inbox, first.next, 10, &another); });
  another.trigger();
  REQUIRE(tests::ends(rest));
  CHECK(tests::error_of([&] { rest.get(); }) == EINTR);
}

TEST_CASE("without the server what is cached is served and the rest is unreachable at once",
          "[fs][listing]") {
  World world{{{"INBOX", mails(3)}, {"Work", mails(3)}}, always_fresh()};
  list_anew(world, "/INBOX");
  world.read("/INBOX/3.eml");
  world.server().refuse_connections(true);
  world.server().drop_connections();
  CHECK(world.list("/INBOX") == descending(3, 1));
  CHECK(world.read("/INBOX/3.eml") == mail("message 3").octets);
  CHECK(tests::error_of([&] { world.list("/Work"); }) == ENETUNREACH);
  CHECK(tests::error_of([&] { world.read("/INBOX/1.eml"); }) == ENETUNREACH);
  CHECK(world.list("/") == Names{"INBOX", "Work"});
  world.server().refuse_connections(false);
  CHECK(tests::eventually([&] { return tests::error_of([&] { world.list("/Work"); }) == 0; }));
  CHECK(world.read("/INBOX/1.eml") == mail("message 1").octets);
}

TEST_CASE("a large listing over a connection that had the mailbox open before misses nothing",
          "[fs][listing]") {
  auto options = always_fresh();
  options.connections = 2;
  World world{{{"INBOX", mails(3)}}, options};
  world.list("/INBOX");
  world.read("/INBOX/1.eml");  // connection 1 has it open from now on
  for (int i = 0; i < 600; ++i) world.other_client().append("INBOX", mail("new"));
  world.server().forget_log();
  CHECK(tests::eventually([&] { return world.list("/INBOX") == descending(603, 1); }));
  CHECK(world.server().count("UID FETCH") < 10);
}
