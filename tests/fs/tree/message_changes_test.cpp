// Messages that are deleted and changed through the mount.

#include "tests/support/changing_mount.h"

#include <algorithm>
#include <cerrno>
#include <map>

using tests::boxes;
using tests::ChangingMount;
using tests::error_of;
using tests::Names;
using tests::Uids;
using tests::without;
using tests::WorldOptions;

TEST_CASE("a message that was removed is gone at once, and soon at the server", "[fs][changes]") {
  ChangingMount world(boxes());
  world.server().set_flags("INBOX", imap::Uid{2}, "\\Deleted");
  CHECK(world.list("/INBOX").size() == 5);
  auto hold = world.server().hold("UID STORE", 0, 1);
  world.unlink("/INBOX", "3.eml");
  CHECK(world.list("/INBOX") == Names{"5.eml", "4.eml", "2.eml", "1.eml"});
  CHECK_FALSE(world.lookup("/INBOX/3.eml"));
  CHECK(error_of([&] { world.unlink("/INBOX", "3.eml"); }) == ENOENT);
  hold.release();
  world.sync();
  // What another client has marked stays.
  CHECK(world.uids("INBOX") == Uids{1, 2, 4, 5});
  CHECK(world.list("/INBOX").size() == 4);
}

TEST_CASE("who has a message open that was removed reads on", "[fs][changes]") {
  ChangingMount world(boxes());
  const auto file = world.stat("/INBOX/3.eml");
  const auto text = world.read("/INBOX/3.eml");
  world.unlink("/INBOX", "3.eml");
  CHECK(world.stat(file.ino).links == 0);
  CHECK(world.read(file.ino, 0, 1 << 20).text == text);
  world.sync();
  CHECK(world.read(file.ino, 0, 1 << 20).text == text);
}

TEST_CASE("a folder cannot be removed as a message", "[fs][changes]") {
  ChangingMount world(boxes());
  CHECK(error_of([&] { world.unlink("/", "INBOX"); }) == EISDIR);
}

TEST_CASE("a name that was given outlives the mount", "[fs][changes]") {
  ChangingMount world(boxes(3, 1));
  world.rename("/INBOX", "2.eml", "/Archive", "kept.eml");
  world.sync();
  world.restart();
  CHECK(world.list("/Archive") == Names{"kept.eml", "1.eml"});
  CHECK(world.lookup("/Archive/kept.eml"));
  world.rename("/Archive", "kept.eml", "/Archive", "other.eml");
  CHECK(world.list("/Archive") == Names{"other.eml", "1.eml"});
  CHECK_FALSE(world.lookup("/Archive/kept.eml"));
}

TEST_CASE("many changes take few commands", "[fs][changes]") {
  ChangingMount world(boxes(60));
  world.list("/INBOX");
  auto hold = world.server().hold("UID STORE", 0, 1);
  world.unlink("/INBOX", "60.eml");
  REQUIRE(hold.wait_reached());
  world.server().forget_log();
  for (int uid = 1; uid <= 20; ++uid) world.unlink("/INBOX", std::to_string(uid) + ".eml");
  for (int uid = 21; uid <= 40; ++uid) {
    const auto name = std::to_string(uid) + ".eml";
    world.rename("/INBOX", name, "/Archive", name);
  }
  for (int uid = 41; uid <= 59; ++uid) {
    world.set_flags("/INBOX/" + std::to_string(uid) + ".eml", "+\\Flagged");
  }
  hold.release();
  world.sync();
  CHECK(world.server().count("UID STORE 41:59 +FLAGS (\\Flagged)") == 1);
  CHECK(world.server().count("UID STORE 1:20 +FLAGS.SILENT (\\Deleted)") == 1);
  CHECK(world.server().count("UID EXPUNGE 1:20") == 1);
  CHECK(world.server().count("UID MOVE 21:40") == 1);
}

TEST_CASE("a refused change comes back, and the barrier says so once", "[fs][changes][refused]") {
  ChangingMount world(boxes());
  world.list("/INBOX");
  SECTION("a removal") {
    world.server().refuse("UID STORE", "NO [NOPERM] you may not");
    world.unlink("/INBOX", "3.eml");
  }
  SECTION("a move") {
    world.server().refuse("UID MOVE", "NO [NOPERM] you may not");
    world.rename("/INBOX", "3.eml", "/Archive", "x.eml");
  }
  SECTION("a mailbox for reading alone") {
    world.server().set_read_only("INBOX", true);
    world.unlink("/INBOX", "3.eml");
    CHECK(world.sync_error() == EROFS);
    CHECK(world.list("/INBOX").size() == 5);
    return;
  }
  CHECK(world.sync_error() == EACCES);
  CHECK(world.sync_error() == 0);
  CHECK(world.list("/INBOX").size() == 5);
  CHECK(world.list("/Archive").empty());
  const auto refused = world.mail().status().changes.refused;
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].uid == 3);
  CHECK(refused[0].reason.find("you may not") != std::string::npos);
}

TEST_CASE("without UIDPLUS a removed message is hidden and nothing is expunged",
          "[fs][changes][expunge]") {
  ChangingMount world(boxes(), without({"UIDPLUS", "MOVE"}));
  world.server().set_flags("INBOX", imap::Uid{2}, "\\Deleted");
  world.list("/INBOX");
  world.unlink("/INBOX", "3.eml");
  world.sync();
  CHECK(world.uids("INBOX") == Uids{1, 2, 3, 4, 5});
  CHECK(world.server().count("EXPUNGE") == 0);
  CHECK(world.list("/INBOX") == Names{"5.eml", "4.eml", "2.eml", "1.eml"});
  world.restart();
  CHECK(world.list("/INBOX") == Names{"5.eml", "4.eml", "2.eml", "1.eml"});
}

TEST_CASE("what was changed without a server is made when there is one", "[fs][changes][offline]") {
  const bool crash = GENERATE(false, true);
  ChangingMount world(boxes());
  world.list("/INBOX");
  world.list("/Archive");
  world.server().refuse_connections(true);
  world.server().drop_connections();
  world.unlink("/INBOX", "1.eml");
  world.rename("/INBOX", "2.eml", "/Archive", "x.eml");
  world.set_flags("/INBOX/3.eml", "+\\Flagged");
  CHECK(world.sync_error() == ENETUNREACH);
  if (crash) world.restart_without_server();
  CHECK(world.list("/INBOX") == Names{"5.eml", "4.eml", "3.eml"});
  CHECK(world.list("/Archive") == Names{"x.eml"});
  CHECK(world.flags("/INBOX/3.eml") == "\\Flagged");
  world.server().refuse_connections(false);
  world.sync_at_last();
  CHECK(world.uids("INBOX") == Uids{3, 4, 5});
  CHECK(world.uids("Archive").size() == 1);
}

TEST_CASE("nothing is done to the messages of another UIDVALIDITY", "[fs][changes][offline]") {
  ChangingMount world(boxes());
  world.list("/INBOX");
  world.server().refuse_connections(true);
  world.server().drop_connections();
  world.unlink("/INBOX", "1.eml");
  world.rename("/INBOX", "2.eml", "/Archive", "x.eml");
  world.server().renew("INBOX", 777);
  world.server().refuse_connections(false);
  world.sync_at_last();
  CHECK(world.uids("INBOX").size() == 5);
  CHECK(world.uids("Archive").empty());
  CHECK(world.mail().status().changes.refused.size() == 2);
}

TEST_CASE("changes survive every cut, and are made once", "[fs][changes][faults]") {
  const int lacking = GENERATE(0, 1, 2);
  const std::string command =
      GENERATE("SELECT", "EXAMINE \"Archive\"", "STATUS", "UID STORE", "UID EXPUNGE", "UID SEARCH",
               "UID MOVE", "UID COPY", "UID FETCH");
  const auto how = GENERATE(0, 1, 2, 3);
  WorldOptions options;
  if (lacking > 0) options = without({"MOVE"});
  if (lacking > 1) options = without({"MOVE", "UIDPLUS"});
  ChangingMount world(boxes(6, 1), options);
  for (const auto* mailbox : {"INBOX", "Archive"}) {
    world.server().set_flags(mailbox, imap::Uid{1}, "\\Deleted");
  }
  world.list("/INBOX");
  world.list("/Archive");
  std::map<std::string, int> before;
  for (const auto& message : world.server().messages("INBOX")) ++before[message.mail.octets];
  if (how == 0) world.server().cut(command, 0);
  if (how == 1) world.server().cut(command, 7);
  if (how == 2) world.server().cut_unheard(command);
  if (how == 3) world.server().refuse(command, "NO [NOPERM] not now", 1);
  const auto removed = world.server().messages("INBOX")[1].mail.octets;
  world.unlink("/INBOX", "2.eml");
  world.rename("/INBOX", "3.eml", "/Archive", "x.eml");
  world.rename("/INBOX", "4.eml", "/Archive", "y.eml");
  world.set_flags("/INBOX/5.eml", "+\\Flagged");
  world.sync_at_last();

  std::map<std::string, int> after;
  const auto is_hidden = [](const auto& message) {
    return message.mail.flags.find("\\Deleted") != std::string::npos && message.uid.value != 1;
  };
  for (const auto* mailbox : {"INBOX", "Archive"}) {
    const auto messages = world.server().messages(mailbox);
    CHECK(std::ranges::any_of(messages, [](const auto& one) { return one.uid.value == 1; }));
    for (const auto& message : messages) {
      if (!is_hidden(message)) ++after[message.mail.octets];
    }
  }
  ++before[world.server().messages("Archive")[0].mail.octets];
  INFO(command << ' ' << how);
  const bool refused = !world.mail().status().changes.refused.empty();
  if (!refused) --before[removed];
  for (const auto& [octets, count] : before) {
    const bool may_be_gone = refused && octets == removed;
    CHECK((after[octets] == count || (may_be_gone && after[octets] == count - 1)));
  }
  if (how == 3) return;
  CHECK_FALSE(refused);
  auto names = world.list("/INBOX");
  CHECK(names == Names{"6.eml", "5.eml", "1.eml"});
  CHECK(world.list("/Archive").size() == 3);
}
