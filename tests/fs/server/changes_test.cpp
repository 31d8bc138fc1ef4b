// The server in memory is one that a client can change: what tests of the mount rely on.

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/memory_client.h"

using imap::FlagChange;
using imap::Flags;
using imap::Uid;
using imap::UidSet;
using tests::contents;
using tests::mail;
using tests::MemoryClient;
using tests::MemoryServer;
using tests::new_message;

using Lines = std::vector<std::string>;
constexpr auto kKeep = imap::Session::Refresh::no;

namespace {

Flags flags(std::initializer_list<std::string_view> names) {
  Flags all;
  for (const auto name : names) all.add(name);
  return all;
}

const Flags kDeleted = flags({"\\Deleted"});

std::vector<tests::Box> three_messages() {
  return {{"INBOX", {mail("one"), mail("two"), mail("three")}}, {"Archive", {mail("old")}}};
}

}  // namespace

TEST_CASE("flags are added to the messages that are named and removed from them", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  CHECK_FALSE(client->select("INBOX", kKeep).read_only);
  client->store(UidSet(Uid{1}, Uid{2}), FlagChange::add, flags({"\\Seen", "Project7"}));
  client->store(UidSet(Uid{2}), FlagChange::remove, flags({"\\Seen"}));
  CHECK(contents(server, "INBOX") == Lines{"1 one \\Seen Project7", "2 two Project7", "3 three"});
  CHECK(client->take_news().empty());
}

TEST_CASE("a flag that is not permanent is not kept", "[server]") {
  tests::Profile profile;
  profile.permanent_flags = "\\Seen \\Deleted";
  MemoryServer server(three_messages(), profile);
  MemoryClient client(server);
  CHECK_FALSE(client->select("INBOX", kKeep).any_keyword);
  client->store(UidSet(Uid{1}), FlagChange::add, flags({"\\Seen", "\\Flagged", "Project7"}));
  CHECK(contents(server, "INBOX").front() == "1 one \\Seen");
}

TEST_CASE("a client is told what another one has flagged, and not what it has itself", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  MemoryClient other(server);
  client->select("INBOX", kKeep);
  other->select("INBOX", kKeep);
  other->store(UidSet(Uid{2}), FlagChange::add, flags({"\\Flagged"}));
  client->store(UidSet(Uid{3}), FlagChange::add, flags({"\\Seen"}));
  const auto told = client->take_news();
  REQUIRE(told.flags.size() == 1);
  CHECK(told.flags.begin()->first == Uid{2});
}

TEST_CASE("what is expunged by UID takes no other message that is marked", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  client->store(UidSet(Uid{1}, Uid{3}), FlagChange::add, kDeleted);
  client->expunge(UidSet(Uid{2}));
  CHECK(contents(server, "INBOX") == Lines{"1 one \\Deleted", "3 three \\Deleted"});
  CHECK(client->take_news().expunged == 1);
}

TEST_CASE("a plain EXPUNGE and CLOSE take every message that is marked", "[server]") {
  MemoryServer server(three_messages());
  server.set_flags("INBOX", Uid{1}, "\\Deleted");
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  SECTION("EXPUNGE") {
    client->expunge_all_deleted();
  }
  SECTION("leaving the mailbox does not") {
    client->unselect();
    CHECK(contents(server, "INBOX").size() == 3);
    server.expunge("INBOX", Uid{1});
  }
  CHECK(contents(server, "INBOX") == Lines{"2 two", "3 three"});
}

TEST_CASE("without UIDPLUS nothing is expunged by UID, and nobody says where copies are",
          "[server]") {
  MemoryServer server(three_messages(), tests::Profile().without("UIDPLUS"));
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  CHECK_FALSE(client->can_expunge_by_uid());
  CHECK_FALSE(client->copy(UidSet(Uid{1}), "Archive").only());
  CHECK_FALSE(client->append("Archive", new_message(mail("new").octets)));
  CHECK(contents(server, "Archive") == Lines{"1 old", "2 one", "3 new"});
}

TEST_CASE("copies keep their flags and are where the server says", "[server]") {
  MemoryServer server(three_messages());
  server.set_flags("INBOX", Uid{3}, "\\Seen");
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  const auto copied = client->copy(UidSet(Uid{2}, Uid{9}), "Archive");
  CHECK(copied.source == UidSet(Uid{2}, Uid{3}));
  CHECK(copied.target == UidSet(Uid{2}, Uid{3}));
  CHECK(contents(server, "Archive") == Lines{"1 old", "2 two", "3 three \\Seen"});
  CHECK(contents(server, "INBOX").size() == 3);
}

TEST_CASE("a message moves to another mailbox or to the end of its own", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  CHECK(client->move(UidSet(Uid{1}), "Archive").only() == Uid{2});
  CHECK(contents(server, "Archive") == Lines{"1 old", "2 one"});
  CHECK(client->move(UidSet(Uid{2}), "INBOX").only() == Uid{4});
  CHECK(contents(server, "INBOX") == Lines{"3 three", "4 two"});
  CHECK(client->take_news().expunged == 2);
}

TEST_CASE("what moves to a mailbox that is not there stays where it is", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  CHECK_THROWS_AS(client->move(UidSet(Uid{1}), "Nowhere"), imap::CommandError);
  CHECK_THROWS_AS(client->copy(UidSet(Uid{1}), "Nowhere"), imap::CommandError);
  CHECK_THROWS_AS(client->append("Nowhere", new_message(mail("new").octets)), imap::CommandError);
  CHECK(contents(server, "INBOX").size() == 3);
  CHECK(client->is_usable());
}

TEST_CASE("a client is told what another one has moved here and away", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient watcher(server);
  MemoryClient mover(server);
  watcher->select("Archive", kKeep);
  mover->select("INBOX", kKeep);
  mover->move(UidSet(Uid{1}), "Archive");
  watcher->noop();
  CHECK(watcher->selected()->exists == 2);
  mover->select("Archive", kKeep);
  mover->move(UidSet(Uid{1}), "INBOX");
  watcher->noop();
  CHECK(watcher->take_news().expunged == 1);
  CHECK(watcher->search_all() == UidSet(Uid{2}));
}

TEST_CASE("a message that is appended has its octets, flags and date", "[server]") {
  MemoryServer server(three_messages());
  MemoryClient client(server);
  client->select("Archive", kKeep);
  const auto octets = tests::mail_of_size("say \"\\hello\\\" {3}", 100'000).octets + "{5}\r\n";
  auto message = new_message(octets);
  message.flags = flags({"\\Draft", "Project7"});
  message.internal_date = 1'793'264'400;
  const auto appended = client->append("Archive", message);
  REQUIRE(appended);
  CHECK(appended->uid == Uid{2});
  const auto stored = server.messages("Archive").back().mail;
  CHECK(stored.octets == octets);
  CHECK(stored.flags == "\\Draft Project7");
  CHECK(stored.internal_date == "29-Oct-2026 09:00:00 +0000");
  CHECK(client->selected()->exists == 2);
}

TEST_CASE("a message takes the place of another in one step", "[server]") {
  tests::Profile profile;
  profile.capabilities.emplace_back("REPLACE");
  MemoryServer server(three_messages(), profile);
  MemoryClient client(server);
  client->select("INBOX", kKeep);
  const auto replaced = client->replace(Uid{2}, "INBOX", new_message(mail("better").octets));
  REQUIRE(replaced);
  CHECK(replaced->uid == Uid{4});
  CHECK(contents(server, "INBOX") == Lines{"1 one", "3 three", "4 better"});
}

TEST_CASE("a mailbox that is open for reading alone is not changed", "[server]") {
  MemoryServer server(three_messages());
  server.set_flags("INBOX", Uid{1}, "\\Deleted");
  MemoryClient client(server);
  SECTION("because the client wants it") {
    client->examine("INBOX", kKeep);
  }
  SECTION("because the server does") {
    server.set_read_only("INBOX", true);
    client->select("INBOX", kKeep);
    CHECK(client->selected()->said_read_only);
    CHECK_FALSE(client->selected()->keeps(Flags::deleted));
  }
  client->store(UidSet(Uid{2}), FlagChange::add, kDeleted);
  client->expunge(UidSet(Uid{1}, Uid{2}));
  client->expunge_all_deleted();
  CHECK_THROWS_AS(client->move(UidSet(Uid{3}), "Archive"), imap::CommandError);
  client->unselect();
  CHECK(contents(server, "INBOX") == Lines{"1 one \\Deleted", "2 two", "3 three"});
  CHECK(contents(server, "Archive").size() == 1);
}
