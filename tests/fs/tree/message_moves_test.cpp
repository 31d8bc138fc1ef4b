// Messages that are moved through the mount.

#include "tests/support/changing_mount.h"

#include <linux/fs.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

using tests::boxes;
using tests::ChangingMount;
using tests::error_of;
using tests::mails;
using tests::Names;
using tests::Uids;
using tests::without;
using tests::WorldOptions;

TEST_CASE("a message that was moved keeps its number, its body and its name", "[fs][changes]") {
  ChangingMount world(boxes(5, 2));
  world.list("/Archive");
  const auto text = world.read("/INBOX/3.eml");
  const auto number = world.ino("/INBOX/3.eml");
  auto hold = world.server().hold("UID MOVE");
  world.rename("/INBOX", "3.eml", "/Archive", "kept.eml");
  for (const bool sent : {false, true}) {
    if (sent) {
      hold.release();
      world.sync();
      CHECK(world.uids("INBOX") == Uids{1, 2, 4, 5});
      CHECK(world.uids("Archive") == Uids{1, 2, 3});
    }
    CHECK(world.list("/INBOX").size() == 4);
    auto names = world.list("/Archive");
    std::ranges::sort(names);
    CHECK(names == Names{"1.eml", "2.eml", "kept.eml"});
    CHECK(world.ino("/Archive/kept.eml") == number);
    CHECK(world.read("/Archive/kept.eml") == text);
    CHECK(world.read(number, 0, 1 << 20).text == text);
  }
  CHECK(world.ino("/Archive/3.eml") == number);
  CHECK(world.server().count("BODY.PEEK[]") == 1);
}

TEST_CASE("a message is moved on, back, and removed before anything was sent", "[fs][changes]") {
  ChangingMount world(boxes(4));
  world.list("/INBOX");
  world.list("/Archive");
  world.server().refuse_connections(true);
  world.server().drop_connections();
  world.rename("/INBOX", "1.eml", "/Archive", "a.eml");
  world.rename("/Archive", "a.eml", "/Archive", "b.eml");
  world.rename("/INBOX", "2.eml", "/Archive", "c.eml");
  world.rename("/Archive", "c.eml", "/INBOX", "2.eml");
  world.rename("/INBOX", "3.eml", "/Archive", "d.eml");
  world.unlink("/Archive", "d.eml");
  CHECK(world.list("/Archive") == Names{"b.eml"});
  CHECK(world.list("/INBOX") == Names{"4.eml", "2.eml"});
  world.server().refuse_connections(false);
  world.sync_at_last();
  CHECK(world.uids("INBOX") == Uids{2, 4});
  CHECK(world.uids("Archive").size() == 1);
  CHECK(world.server().count("UID MOVE") == 1);
}

TEST_CASE("what was moved out of the trash and removed then is in the trash",
          "[fs][changes][trash]") {
  WorldOptions options;
  options.mail.delete_policy = fs::DeletePolicy::trash;
  ChangingMount world({{"INBOX", {}}, {"Trash", mails(2), {"\\Trash"}}}, options);
  world.list("/INBOX");
  world.list("/Trash");
  auto opening = world.server().hold("SELECT");
  world.rename("/Trash", "1.eml", "/INBOX", "x.eml");
  world.unlink("/INBOX", "x.eml");
  CHECK(world.list("/INBOX").empty());
  opening.release();
  world.sync();
  CHECK(world.uids("INBOX").empty());
  CHECK(world.uids("Trash") == Uids{1, 2});
  CHECK(world.list("/Trash") == Names{"2.eml", "1.eml"});
  world.unlink("/Trash", "1.eml");
  world.sync();
  CHECK(world.uids("Trash") == Uids{2});
}

TEST_CASE("what a message was to replace stays when the message cannot get there",
          "[fs][changes][move][refused]") {
  ChangingMount world(boxes(3, 2), GENERATE(WorldOptions(), without({"MOVE"})));
  world.list("/INBOX");
  world.list("/Archive");
  SECTION("because there is no server") {
    world.server().refuse_connections(true);
    world.server().drop_connections();
    CHECK(error_of([&] { world.rename("/INBOX", "3.eml", "/Archive", "2.eml"); }) == ENETUNREACH);
    CHECK(error_of([&] { world.rename("/INBOX", "1.eml", "/Archive", "1.eml"); }) != 0);
    world.server().refuse_connections(false);
    world.sync_at_last();
    // Whether it was on its way already when nobody could be reached, or not.
    CHECK(world.uids("INBOX").size() + world.uids("Archive").size() == 5);
    CHECK(world.server().messages("Archive")[1].uid == imap::Uid{2});
    return;
  }
  world.server().refuse("UID MOVE", "NO [NOPERM] you may not");
  world.server().refuse("UID COPY", "NO [NOPERM] you may not");
  CHECK(error_of([&] { world.rename("/INBOX", "3.eml", "/Archive", "2.eml"); }) == EACCES);
  CHECK(world.uids("INBOX") == Uids{1, 2, 3});
  CHECK(world.uids("Archive") == Uids{1, 2});
  CHECK(world.list("/INBOX").size() == 3);
  CHECK(world.list("/Archive") == Names{"2.eml", "1.eml"});
}

TEST_CASE("a message takes the place of another one", "[fs][changes][move]") {
  ChangingMount world(boxes(3, 2), GENERATE(WorldOptions(), without({"MOVE", "UIDPLUS"})));
  world.list("/INBOX");
  world.list("/Archive");
  world.rename("/INBOX", "3.eml", "/Archive", "2.eml");
  world.sync();
  CHECK(world.list("/INBOX").size() == 2);
  CHECK(world.list("/Archive").size() == 2);
  CHECK(world.read("/Archive/2.eml") == tests::mail("message 3").octets);
}

TEST_CASE("without MOVE nothing is copied that cannot be deleted", "[fs][changes][move][refused]") {
  auto options = without({"MOVE"});
  options.profile.permanent_flags = "\\Seen \\Answered \\Flagged \\Draft";
  ChangingMount world(boxes(3, 0), options);
  world.list("/INBOX");
  world.rename("/INBOX", "3.eml", "/Archive", "x.eml");
  CHECK(world.sync_error() == EACCES);
  CHECK(world.uids("INBOX") == Uids{1, 2, 3});
  CHECK(world.uids("Archive").empty());
}

TEST_CASE("a folder that is gone stops no move to another one", "[fs][changes][move][refused]") {
  auto boxes_and_more = boxes(3, 0);
  boxes_and_more.push_back({"Gone"});
  ChangingMount world(boxes_and_more, GENERATE(without({"MOVE"}), without({"UIDPLUS"})));
  world.list("/INBOX");
  auto opening = world.server().hold("SELECT");
  world.rename("/INBOX", "2.eml", "/Gone", "x.eml");
  world.rename("/INBOX", "3.eml", "/Archive", "x.eml");
  world.server().remove("Gone");
  opening.release();
  CHECK(world.sync_error() == ENOENT);
  CHECK(world.sync_error() == 0);
  CHECK(world.uids("INBOX") == Uids{1, 2});
  CHECK(world.uids("Archive").size() == 1);
}

TEST_CASE("a folder that was made anew under its name is still where a message was moved to",
          "[fs][changes][move]") {
  WorldOptions options;
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  ChangingMount world(boxes(3, 1), options);
  world.list("/INBOX");
  world.list("/Archive");
  auto opening = world.server().hold("SELECT");
  world.rename("/INBOX", "2.eml", "/Archive", "x.eml");
  REQUIRE(opening.wait_reached());
  world.server().renew("Archive", 77);
  const auto old = world.ino("/Archive");
  REQUIRE(tests::eventually([&] {
    // Listing what is found to be another folder fails.
    error_of([&] { world.list("/Archive"); });
    return world.ino("/Archive") != old;
  }));
  opening.release();
  world.sync();
  CHECK(world.uids("INBOX") == Uids{1, 3});
  CHECK(world.uids("Archive") == Uids{1, 2});
  CHECK(world.lookup("/Archive/x.eml"));
}

TEST_CASE("a name that a message has by its UID is not replaced from another folder",
          "[fs][changes]") {
  ChangingMount world(boxes(3, 3));
  CHECK(error_of([&] { world.rename("/INBOX", "2.eml", "/Archive", "2.eml"); }) == EEXIST);
  CHECK(error_of([&] { world.rename("/INBOX", "2.eml", "/Archive", "3.eml", RENAME_NOREPLACE); }) ==
        EEXIST);
  CHECK(error_of([&] { world.rename("/INBOX", "2.eml", "/Archive", "3.eml", RENAME_EXCHANGE); }) ==
        EINVAL);
  world.rename("/INBOX", "2.eml", "/Archive", "3.eml");
  world.sync();
  CHECK(world.uids("Archive") == Uids{1, 2, 4});
}

// Whatever a connection does to a command, each message is where it should be, once.
