// Messages that are deleted, moved and flagged through the mount.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <linux/fs.h>

#include <algorithm>
#include <cerrno>
#include <map>

using tests::Box;
using tests::error_of;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

constexpr const char* kFlags = "user.imap.flags";

struct Mount : World {
  using World::World;

  void unlink(const std::string& directory, const std::string& name) {
    filesystem().unlink({ino(directory), name}, nobody);
  }
  void rename(const std::string& from, const std::string& name, const std::string& to,
              const std::string& new_name, unsigned flags = 0) {
    filesystem().rename({ino(from), name}, {ino(to), new_name}, flags, nobody);
  }
  void set_flags(const std::string& path, const std::string& flags) {
    filesystem().set_attribute(ino(path), kFlags, flags, nobody);
  }
  std::string flags(const std::string& path) { return filesystem().attribute(ino(path), kFlags); }
  void sync() { filesystem().sync(nobody); }
  int sync_error() {
    return error_of([this] { sync(); });
  }
  /// As often as it takes: for a server that breaks connections.
  void sync_at_last() {
    REQUIRE(tests::eventually([this] {
      error_of([this] { sync(); });
      return mail().pending().size() == 0;
    }));
  }
  std::vector<std::uint32_t> uids(const std::string& mailbox) {
    std::vector<std::uint32_t> all;
    for (const auto& message : server().messages(mailbox)) all.push_back(message.uid.value);
    return all;
  }

  fs::NoInterrupt nobody;
};

using Uids = std::vector<std::uint32_t>;

std::vector<Box> boxes(int inbox = 5, int archive = 0) {
  return {{"INBOX", mails(inbox)}, {"Archive", mails(archive)}};
}

WorldOptions without(std::initializer_list<const char*> capabilities) {
  WorldOptions options;
  for (const auto* capability : capabilities) {
    options.profile = options.profile.without(capability);
  }
  return options;
}

WorldOptions with_modseqs() {
  WorldOptions options;
  for (const auto* extension : {"ENABLE", "CONDSTORE", "QRESYNC"}) {
    options.profile.capabilities.emplace_back(extension);
  }
  return options;
}

}  // namespace

TEST_CASE("a message that was removed is gone at once, and soon at the server", "[fs][changes]") {
  Mount world(boxes());
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
  Mount world(boxes());
  const auto file = world.stat("/INBOX/3.eml");
  const auto text = world.read("/INBOX/3.eml");
  world.unlink("/INBOX", "3.eml");
  CHECK(world.stat(file.ino).links == 0);
  CHECK(world.read(file.ino, 0, 1 << 20).text == text);
  world.sync();
  CHECK(world.read(file.ino, 0, 1 << 20).text == text);
}

TEST_CASE("a folder cannot be removed as a message", "[fs][changes]") {
  Mount world(boxes());
  CHECK(error_of([&] { world.unlink("/", "INBOX"); }) == EISDIR);
}

TEST_CASE("a message that was moved keeps its number, its body and its name", "[fs][changes]") {
  Mount world(boxes(5, 2));
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

TEST_CASE("a name that was given outlives the mount", "[fs][changes]") {
  Mount world(boxes(3, 1));
  world.rename("/INBOX", "2.eml", "/Archive", "kept.eml");
  world.sync();
  world.restart();
  CHECK(world.list("/Archive") == Names{"kept.eml", "1.eml"});
  CHECK(world.lookup("/Archive/kept.eml"));
  world.rename("/Archive", "kept.eml", "/Archive", "other.eml");
  CHECK(world.list("/Archive") == Names{"other.eml", "1.eml"});
  CHECK_FALSE(world.lookup("/Archive/kept.eml"));
}

TEST_CASE("a message is moved on, back, and removed before anything was sent", "[fs][changes]") {
  Mount world(boxes(4));
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

TEST_CASE("many changes take few commands", "[fs][changes]") {
  Mount world(boxes(60));
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

TEST_CASE("flags are set, taken off and replaced", "[fs][changes][flags]") {
  Mount world(boxes());
  world.set_flags("/INBOX/1.eml", "\\Seen work");
  CHECK(world.flags("/INBOX/1.eml") == "\\Seen work");
  world.set_flags("/INBOX/1.eml", "+\\flagged -\\SEEN -nothing");
  CHECK(world.flags("/INBOX/1.eml") == "\\Flagged work");
  world.sync();
  CHECK(world.flags("/INBOX/1.eml") == "\\Flagged work");
  CHECK(world.server().messages("INBOX")[0].mail.flags == "\\Flagged work");
  world.set_flags("/INBOX/1.eml", "");
  world.sync();
  CHECK(world.server().messages("INBOX")[0].mail.flags.empty());
  for (const auto* wrong :
       {"\\Recent", "\\Nonsense", "two(words)", "+\\Seen work", "a\"b", "+", "umläut"}) {
    CHECK(error_of([&] { world.set_flags("/INBOX/1.eml", wrong); }) == EINVAL);
  }
  CHECK(error_of([&] {
          world.filesystem().set_attribute(world.ino("/INBOX/1.eml"), "user.other", "x",
                                           world.nobody);
        }) == ENOTSUP);
}

TEST_CASE("flags that another device has changed after the mount are not changed back",
          "[fs][changes][flags]") {
  Mount world(boxes(), with_modseqs());
  world.list("/INBOX");
  auto answer = world.server().hold("UID STORE", 0, 1);
  world.set_flags("/INBOX/1.eml", "+\\Flagged");
  auto barrier = tests::in_background([&] { world.sync(); });
  REQUIRE(answer.wait_reached());
  world.server().set_flags("INBOX", imap::Uid{1}, "\\Answered");
  const auto after = world.server().messages("INBOX")[0];
  imap::Updates heard;
  heard.mailboxes.emplace_back();
  auto& inbox = heard.mailboxes.back();
  inbox.mailbox = "INBOX";
  inbox.uid_validity = world.cache().read([&](const cache::View& view) {
    const auto* folder = world.mail().folders()->find_wire("INBOX");
    return imap::UidValidity{view.mailbox(folder->id)->uid_validity};
  });
  imap::Flags flags;
  flags.add("\\Answered");
  inbox.flags[imap::Uid{1}] = {flags, imap::ModSeq{after.modseq}};
  world.mail().take(heard);
  answer.release();
  barrier.get();
  REQUIRE(world.server().messages("INBOX")[0].mail.flags == "\\Answered");
  CHECK(world.flags("/INBOX/1.eml") == "\\Answered");
}

TEST_CASE("flags of a message that was moved here are kept up to date before it is compared",
          "[fs][changes][flags]") {
  WorldOptions options = with_modseqs();
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  Mount world(boxes(3, 1), options);
  world.list("/INBOX");
  world.list("/Archive");
  world.rename("/INBOX", "2.eml", "/Archive", "x.eml");
  world.sync();
  REQUIRE(world.uids("Archive") == Uids{1, 2});
  world.server().set_flags("Archive", imap::Uid{2}, "\\Answered");
  world.list("/Archive");
  CHECK(world.flags("/Archive/x.eml") == "\\Answered");
}

TEST_CASE("what was moved out of the trash and removed then is in the trash",
          "[fs][changes][trash]") {
  WorldOptions options;
  options.mail.delete_policy = fs::DeletePolicy::trash;
  Mount world({{"INBOX", {}}, {"Trash", mails(2), {"\\Trash"}}}, options);
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

TEST_CASE("flags that were asked for before others were stored are not believed",
          "[fs][changes][flags]") {
  WorldOptions options;
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  Mount world(boxes(3), options);
  world.list("/INBOX");
  world.restart();
  // The flags have been read, and their answer is on its way.
  auto answer = world.server().hold("UID FETCH", 0, 1);
  auto listing = tests::in_background([&] { return world.list("/INBOX"); });
  REQUIRE(answer.wait_reached());
  world.set_flags("/INBOX/1.eml", "+\\Flagged");
  world.sync();
  answer.release();
  listing.get();
  REQUIRE(world.server().messages("INBOX")[0].mail.flags == "\\Flagged");
  CHECK(tests::eventually([&] {
    world.list("/INBOX");
    return world.flags("/INBOX/1.eml") == "\\Flagged";
  }));
}

TEST_CASE("what a message was to replace stays when the message cannot get there",
          "[fs][changes][move][refused]") {
  Mount world(boxes(3, 2), GENERATE(WorldOptions(), without({"MOVE"})));
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

TEST_CASE("without MOVE nothing is copied that cannot be deleted", "[fs][changes][move][refused]") {
  auto options = without({"MOVE"});
  options.profile.permanent_flags = "\\Seen \\Answered \\Flagged \\Draft";
  Mount world(boxes(3, 0), options);
  world.list("/INBOX");
  world.rename("/INBOX", "3.eml", "/Archive", "x.eml");
  CHECK(world.sync_error() == EACCES);
  CHECK(world.uids("INBOX") == Uids{1, 2, 3});
  CHECK(world.uids("Archive").empty());
}

TEST_CASE("a folder that is gone stops no move to another one", "[fs][changes][move][refused]") {
  auto boxes_and_more = boxes(3, 0);
  boxes_and_more.push_back({"Gone"});
  Mount world(boxes_and_more, GENERATE(without({"MOVE"}), without({"UIDPLUS"})));
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
  Mount world(boxes(3, 1), options);
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

TEST_CASE("a refused change comes back, and the barrier says so once", "[fs][changes][refused]") {
  Mount world(boxes());
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
  Mount world(boxes(), without({"UIDPLUS", "MOVE"}));
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
  Mount world(boxes());
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
  Mount world(boxes());
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

TEST_CASE("a name that a message has by its UID is not replaced from another folder",
          "[fs][changes]") {
  Mount world(boxes(3, 3));
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
TEST_CASE("changes survive every cut, and are made once", "[fs][changes][faults]") {
  const int lacking = GENERATE(0, 1, 2);
  const std::string command =
      GENERATE("SELECT", "EXAMINE \"Archive\"", "STATUS", "UID STORE", "UID EXPUNGE", "UID SEARCH",
               "UID MOVE", "UID COPY", "UID FETCH");
  const auto how = GENERATE(0, 1, 2, 3);
  WorldOptions options;
  if (lacking > 0) options = without({"MOVE"});
  if (lacking > 1) options = without({"MOVE", "UIDPLUS"});
  Mount world(boxes(6, 1), options);
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
