// What other clients change, as the server tells it unasked: what is listed, and what the kernel is
// told to forget.

#include "fs/tree/announcer.h"
#include "imap/session/updates.h"
#include "tests/support/catch.h"
#include "tests/support/recording_kernel.h"
#include "tests/support/world.h"

#include <cerrno>

using imap::Uid;
using imap::UidSet;
using tests::Box;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::RecordingKernel;
using tests::World;
using tests::WorldOptions;

namespace {

/// A mount whose kernel is looked at, with one connection, so that World::settle works.
class Watched {
 public:
  explicit Watched(std::vector<Box> boxes, WorldOptions options = {}) : world(boxes, one(options)) {
    world.mail().announce_to(std::make_shared<fs::Announcer>(
        world.mail(), world.filesystem().naming(), world.filesystem().inodes(), kernel));
  }
  ~Watched() { world.mail().announce_to(nullptr); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// The server tells something of INBOX.
  void tell(const std::function<void(imap::MailboxUpdates&)>& fill) {
    imap::Updates updates;
    updates.mailboxes.emplace_back();
    auto& inbox = updates.mailboxes.back();
    inbox.mailbox = "INBOX";
    inbox.uid_validity = world.cache().read([this](const cache::View& view) {
      return imap::UidValidity{view.mailbox(folder("INBOX"))->uid_validity};
    });
    fill(inbox);
    world.mail().take(updates);
    world.settle();
  }
  cache::MailboxId folder(const std::string& wire_name) {
    return world.mail().folders()->find_wire(wire_name)->id;
  }
  /// Lists a folder, and waits until all that is known of it is.
  Names list(const std::string& path) {
    const auto names = world.list(path);
    world.settle();
    return names;
  }
  /// Without asking the server.
  Names listed(const std::string& path) {
    Names names;
    for (const auto& name : world.page(world.ino(path), 2, 1000).names) names.push_back(name);
    return names;
  }

  std::shared_ptr<RecordingKernel> kernel = std::make_shared<RecordingKernel>();
  World world;

 private:
  static WorldOptions one(WorldOptions options) {
    options.connections = 1;
    return options;
  }
};

}  // namespace

TEST_CASE("a message of which the server tells that it vanished is gone at once", "[fs][changes]") {
  Watched mount({{"INBOX", mails(3)}});
  auto& world = mount.world;
  REQUIRE(mount.list("/INBOX").size() == 3);
  const auto inbox = world.ino("/INBOX");
  world.server().forget_log();

  mount.tell([](auto& told) { told.vanished = UidSet(Uid{2}); });

  CHECK(mount.listed("/INBOX") == Names{"3.eml", "1.eml"});
  CHECK(mount.kernel->was_told("gone", inbox, "2.eml"));
  CHECK(mount.kernel->was_told("directory", inbox));
  CHECK(world.server().log().empty());
}

TEST_CASE("the kernel forgets a deleted message under both of its names", "[fs][changes]") {
  WorldOptions options;
  options.names = "{subject}.{uid}.eml";
  Watched mount({{"INBOX", {mail("hello")}}}, options);
  mount.list("/INBOX");
  mount.tell([](auto& told) { told.vanished = UidSet(Uid{1}); });
  const auto inbox = mount.world.ino("/INBOX");
  CHECK(mount.kernel->was_told("gone", inbox, "hello.1.eml"));
  CHECK(mount.kernel->was_told("gone", inbox, "1.eml"));
}

TEST_CASE("a file that is open when its message is deleted can be read on", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  const auto read = world.ino("/INBOX/1.eml");
  const auto unread = world.ino("/INBOX/2.eml");
  REQUIRE(world.read("/INBOX/1.eml") == mail("message 1").octets);
  world.settle();

  mount.tell([](auto& told) { told.vanished = UidSet(Uid{1}, Uid{2}); });

  CHECK(world.read(read, 0, 1000).text == mail("message 1").octets);
  CHECK(world.stat(read).links == 0);
  CHECK_FALSE(world.lookup("/INBOX/1.eml"));
  CHECK(tests::error_of([&] { world.read(unread, 0, 10); }) == ESTALE);
  CHECK(tests::error_of([&] { world.stat(unread); }) == ESTALE);
}

TEST_CASE("a message that is deleted while it arrives can be read to its end", "[fs][changes]") {
  Watched mount({{"INBOX", {tests::mail_of_size("long", 1000)}}});
  auto& world = mount.world;
  mount.list("/INBOX");
  const auto ino = world.ino("/INBOX/1.eml");
  auto hold = world.server().hold("BODY.PEEK[]", 0, 500);
  auto whole = tests::in_background([&] { return world.read(ino, 0, 1000).text; });
  REQUIRE(hold.wait_reached());

  imap::Updates updates;
  updates.mailboxes.emplace_back();
  updates.mailboxes.back().mailbox = "INBOX";
  updates.mailboxes.back().uid_validity = world.cache().read([&](const cache::View& view) {
    return imap::UidValidity{view.mailbox(mount.folder("INBOX"))->uid_validity};
  });
  updates.mailboxes.back().vanished = UidSet(Uid{1});
  world.mail().take(updates);
  world.cache().run([](cache::Edit&) {});
  REQUIRE_FALSE(world.mail().cached_message(mount.folder("INBOX"), Uid{1}));
  auto rest = tests::in_background([&] { return world.read(ino, 500, 500).text; });
  CHECK(tests::is_running(rest));

  hold.release();
  CHECK(whole.get() == tests::mail_of_size("long", 1000).octets);
  CHECK(rest.get() == tests::mail_of_size("long", 1000).octets.substr(500));
  world.settle();
  world.cache().run([](cache::Edit&) {});
  CHECK(world.read(ino, 0, 1000).text == tests::mail_of_size("long", 1000).octets);
}

TEST_CASE("flags that are told are kept", "[fs][changes]") {
  Watched mount({{"INBOX", mails(1)}});
  mount.list("/INBOX");
  const auto ino = mount.world.ino("/INBOX/1.eml");
  mount.tell([](auto& told) {
    imap::Flags flags;
    flags.add("\\Seen");
    flags.add("urgent");
    told.flags[Uid{1}] = {flags, {}};
    told.flags[Uid{77}] = {flags, {}};  // nobody has it
  });
  CHECK(mount.world.filesystem().attribute(ino, "user.imap.flags") == "\\Seen urgent");
}

TEST_CASE("flags are those of the latest mod-sequence, in whatever order they are told",
          "[fs][changes]") {
  Watched mount({{"INBOX", mails(1)}});
  mount.list("/INBOX");
  const auto ino = mount.world.ino("/INBOX/1.eml");
  const auto told_at = [&](std::uint64_t modseq, std::string_view flag) {
    mount.tell([&](auto& told) {
      imap::Flags flags;
      flags.add(flag);
      told.flags[Uid{1}] = {flags, imap::ModSeq{modseq}};
    });
    return mount.world.filesystem().attribute(ino, "user.imap.flags");
  };
  CHECK(told_at(2000, "\\Seen") == "\\Seen");
  CHECK(told_at(1999, "\\Flagged") == "\\Seen");
  CHECK(told_at(2001, "\\Draft") == "\\Draft");
  CHECK(told_at(0, "\\Answered") == "\\Answered");  // of a session that is told of none
}

TEST_CASE("a message of which the server tells that it came is there without being asked for",
          "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  world.other_client().append("INBOX", mail("new"));
  world.hear();
  mount.tell([](auto& told) { told.exists_changed = true; });
  CHECK(mount.listed("/INBOX") == Names{"3.eml", "2.eml", "1.eml"});
  CHECK(mount.kernel->was_told("directory", world.ino("/INBOX")));
}

TEST_CASE("the session that was told of a new message need not open the mailbox again",
          "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  world.other_client().append("INBOX", mail("new"));
  const auto told = world.hear();
  world.server().forget_log();
  world.mail().take(told);
  world.settle();
  CHECK(mount.listed("/INBOX") == Names{"3.eml", "2.eml", "1.eml"});
  CHECK(world.server().count("EXAMINE") == 0);

  world.other_client().append("INBOX", mail("newer"));
  auto by_another = world.hear();
  by_another.session = told.session + 1;
  world.mail().take(by_another);
  world.settle();
  CHECK(mount.listed("/INBOX").size() == 4);
  CHECK(world.server().count("EXAMINE") == 1);
}

namespace {

/// What is listed after one of four messages went and another came, told in this way.
Names after_one_for_another(const std::function<void(imap::MailboxUpdates&)>& fill) {
  Watched mount({{"INBOX", mails(4)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  world.other_client().expunge("INBOX", Uid{2});
  world.other_client().append("INBOX", mail("new"));
  world.hear();
  mount.tell(fill);
  return mount.listed("/INBOX");
}

}  // namespace

TEST_CASE("one that came and one that went by its number are both found", "[fs][changes]") {
  CHECK(after_one_for_another([](auto& told) {
          told.expunged = 1;
          told.exists_changed = true;
        }) == Names{"5.eml", "4.eml", "3.eml", "1.eml"});
}

TEST_CASE("one that came and one that vanished are both found", "[fs][changes]") {
  CHECK(after_one_for_another([](auto& told) {
          told.vanished = UidSet(Uid{2});
          told.exists_changed = true;
        }) == Names{"5.eml", "4.eml", "3.eml", "1.eml"});
}

TEST_CASE("news is believed that another connection has heard", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  const auto directory = world.ino("/INBOX");
  world.other_client().append("INBOX", mail("new"));
  // The one that compares has the mailbox open and has not heard of anything.
  mount.tell([](auto& told) { told.exists_changed = true; });
  CHECK(mount.listed("/INBOX") == Names{"3.eml", "2.eml", "1.eml"});
  CHECK(world.ino("/INBOX") == directory);
}

TEST_CASE("flags of messages that were not named are asked for at once", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  mount.list("/INBOX");
  mount.world.server().forget_log();
  mount.tell([](auto& told) { told.incomplete = true; });
  CHECK(mount.world.server().count("(UID FLAGS)") == 1);
}

TEST_CASE("news under another UIDVALIDITY deletes nothing by its UIDs", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  mount.list("/INBOX");
  mount.tell([](auto& told) {
    told.uid_validity.value += 1;
    told.vanished = UidSet(Uid{1}, Uid{2});
  });
  CHECK(mount.listed("/INBOX") == Names{"2.eml", "1.eml"});
}

TEST_CASE("a server that names four billion messages as gone costs no time", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  mount.list("/INBOX");
  mount.tell([](auto& told) { told.vanished = UidSet(Uid{2}, imap::kMaxUid); });
  CHECK(mount.listed("/INBOX") == Names{"1.eml"});
}

TEST_CASE("a mailbox that nobody has looked at is left alone", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}});
  mount.world.server().forget_log();
  mount.tell([](auto& told) { told.exists_changed = true; });
  CHECK(mount.world.server().count("EXAMINE") == 0);
}

TEST_CASE("counts that differ from what is known bring a mailbox up to date", "[fs][changes]") {
  Watched mount({{"INBOX", mails(2)}, {"Work", mails(1)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  world.server().forget_log();
  world.other_client().append("INBOX", mail("new"));
  imap::Updates updates;
  auto& status = updates.statuses["INBOX"];
  status.name = "INBOX";
  status.messages = 3;
  auto& other = updates.statuses["Work"];
  other.name = "Work";
  other.messages = 99;  // nobody has looked at it
  world.mail().take(updates);
  world.settle();
  CHECK(mount.listed("/INBOX").size() == 3);
  CHECK(world.server().count("Work") == 0);

  world.server().forget_log();
  world.mail().take(updates);  // now this is what is known
  world.settle();
  CHECK(world.server().count("UID SEARCH") == 0);
  CHECK(world.server().count("BODY") == 0);
}

TEST_CASE("what is told while a first listing is running is not lost", "[fs][changes]") {
  WorldOptions options;
  options.connections = 1;
  Watched mount({{"INBOX", mails(3)}}, options);
  auto& world = mount.world;
  auto hold = world.server().hold("UID FETCH");
  auto listing = tests::in_background([&] { return world.list("/INBOX"); });
  REQUIRE(hold.wait_reached());
  imap::Updates updates;
  updates.mailboxes.emplace_back();
  updates.mailboxes.back().mailbox = "INBOX";
  updates.mailboxes.back().exists_changed = true;
  world.mail().take(updates);
  world.other_client().append("INBOX", mail("new"));
  hold.release();
  listing.get();
  CHECK(tests::eventually([&] { return mount.listed("/INBOX").size() == 4; }));
}

TEST_CASE("folders that others make and delete appear and vanish when the server tells",
          "[fs][changes]") {
  Watched mount({{"INBOX"}, {"Old", mails(1)}});
  auto& world = mount.world;
  const auto old = world.ino("/Old");
  world.other_client().remove("Old");
  world.other_client().create({"New"});
  imap::Updates updates;
  updates.folders_changed = true;
  world.mail().take(updates);
  world.settle();
  CHECK(mount.kernel->was_told("gone", fs::kRootIno, "Old"));
  CHECK(mount.kernel->was_told("changed", fs::kRootIno, "New"));
  CHECK(world.mail().folders()->find_wire("New") != nullptr);
  CHECK(tests::error_of([&] { world.stat(old); }) == ESTALE);
}

namespace {

WorldOptions with_object_ids() {
  WorldOptions options;
  for (const auto* atom : {"LIST-EXTENDED", "LIST-STATUS", "OBJECTID"}) {
    options.profile.capabilities.emplace_back(atom);
  }
  return options;
}

void poll(Watched& mount) {
  imap::Updates updates;
  updates.folders_changed = true;
  mount.world.mail().take(updates);
  mount.world.settle();
}

}  // namespace

TEST_CASE("a folder that was renamed keeps its mail and its numbers where it has an id",
          "[fs][changes]") {
  Watched mount({{"INBOX"}, {"Old", mails(2)}}, with_object_ids());
  auto& world = mount.world;
  world.other_client().set_object_id("Old", "M17");
  poll(mount);
  mount.list("/Old");
  world.read("/Old/1.eml");
  const auto ino = world.ino("/Old/1.eml");

  world.other_client().rename("Old", "New");
  world.other_client().create({"Old", mails(1)});
  world.other_client().set_object_id("Old", "M18");
  poll(mount);

  CHECK(mount.kernel->was_told("changed", fs::kRootIno, "Old"));
  CHECK(world.ino("/New/1.eml") == ino);
  world.server().forget_log();
  CHECK(world.read("/New/1.eml") == mail("message 1").octets);
  CHECK(world.server().count("BODY") == 0);
  CHECK(world.list("/Old") == Names{"1.eml"});
}

TEST_CASE("an id that two folders have tells nothing", "[fs][changes]") {
  // Cyrus 3.6 answers with memory that it has freed.
  Watched mount({{"INBOX"}, {"A", mails(1)}, {"B", mails(2)}}, with_object_ids());
  auto& world = mount.world;
  world.other_client().set_object_id("A", "M1");
  poll(mount);
  const auto a = world.ino("/A");
  const auto b = world.ino("/B");
  world.other_client().set_object_id("B", "M1");
  world.other_client().rename("A", "C");
  world.other_client().create({"A"});
  world.other_client().set_object_id("A", "M1");
  poll(mount);
  CHECK(world.ino("/B") == b);
  CHECK(world.ino("/A") == a);
  CHECK(world.list("/C") == Names{"1.eml"});
}

TEST_CASE("a poll finds new folders and new messages", "[fs][changes]") {
  Watched mount({{"INBOX", mails(1)}});
  auto& world = mount.world;
  mount.list("/INBOX");
  world.other_client().create({"New"});
  world.other_client().append("INBOX", mail("new"));
  world.server().forget_log();
  world.mail().poll();
  CHECK(tests::eventually([&] { return world.mail().folders()->find_wire("New") != nullptr; }));
}

TEST_CASE("a poll has the mailbox that its connection has open tell what is new", "[fs][changes]") {
  WorldOptions options;
  options.profile = options.profile.without("IDLE");
  Watched mount({{"INBOX", mails(2)}}, options);
  mount.list("/INBOX");
  mount.world.server().forget_log();
  mount.world.mail().poll();
  CHECK(mount.world.server().wait_for("NOOP"));
}

TEST_CASE("without a server there are the folders and the mail of the last time", "[fs][changes]") {
  World world{{{"INBOX", mails(2)}, {"Work", mails(1)}}};
  REQUIRE(world.list("/INBOX").size() == 2);
  world.read("/INBOX/2.eml");
  world.restart_without_server();
  CHECK(world.list("/") == Names{"INBOX", "Work"});
  CHECK(world.list("/INBOX") == Names{"2.eml", "1.eml"});
  CHECK(world.read("/INBOX/2.eml") == mail("message 2").octets);
  CHECK(tests::error_of([&] { world.read("/INBOX/1.eml"); }) == ENETUNREACH);
  CHECK(tests::error_of([&] { world.list("/Work"); }) == ENETUNREACH);
  world.server().refuse_connections(false);
  CHECK(
      tests::eventually([&] { return tests::error_of([&] { world.read("/INBOX/1.eml"); }) == 0; }));
}
