// The server in memory keeps mod-sequences where its profile says so.

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

using Lines = std::vector<std::string>;
using Refresh = imap::Session::Refresh;

namespace {

Flags flags(std::string_view name) {
  Flags all;
  all.add(name);
  return all;
}

std::vector<tests::Box> three_messages() {
  return {{"INBOX", {mail("one"), mail("two"), mail("three")}}, {"Archive"}};
}

}  // namespace

TEST_CASE("a flag is not changed where something else has changed since", "[server]") {
  MemoryServer server(three_messages(), tests::Profile().with_modseqs());
  MemoryClient client(server);
  const auto since = client->select("INBOX", Refresh::no).highest_modseq;
  REQUIRE(since.value > 0);
  server.set_flags("INBOX", Uid{2}, "\\Answered");
  const auto modified =
      client->store(UidSet(Uid{1}, Uid{3}), FlagChange::add, flags("\\Seen"), since);
  CHECK(modified == UidSet(Uid{2}));
  CHECK(contents(server, "INBOX") == Lines{"1 one \\Seen", "2 two \\Answered", "3 three \\Seen"});
}

TEST_CASE("what has changed since can be asked for alone", "[server]") {
  MemoryServer server(three_messages(), tests::Profile().with_modseqs());
  MemoryClient client(server);
  const auto since = client->select("INBOX", Refresh::no).highest_modseq;
  server.set_flags("INBOX", Uid{3}, "\\Flagged");
  const auto changed = client->fetch_flags(UidSet(Uid{1}, Uid{3}), since);
  REQUIRE(changed.size() == 1);
  CHECK(changed.begin()->first == Uid{3});
  CHECK(changed.begin()->second.modseq.value > since.value);
}

TEST_CASE("a client that wants it is told which messages have gone", "[server]") {
  MemoryServer server(three_messages(), tests::Profile().with_modseqs());
  MemoryClient client(server);
  client->negotiate();
  REQUIRE(client->is_enabled("QRESYNC"));
  client->select("INBOX", Refresh::no);
  client->move(UidSet(Uid{2}), "Archive");
  CHECK(client->take_news().vanished == UidSet(Uid{2}));
  server.expunge("INBOX", Uid{1});
  client->noop();
  CHECK(client->take_news().vanished == UidSet(Uid{1}));
}

TEST_CASE("a client that was away is told what has changed", "[server]") {
  MemoryServer server(three_messages(), tests::Profile().with_modseqs());
  MemoryClient client(server);
  client->negotiate();
  const auto& opened = client->examine("INBOX", Refresh::no);
  const imap::ResyncPoint point{opened.uid_validity, opened.highest_modseq, {}};
  client->unselect();
  server.expunge("INBOX", Uid{1});
  server.set_flags("INBOX", Uid{3}, "\\Seen");
  client->examine("INBOX", Refresh::no, point);
  const auto told = client->take_news();
  CHECK(told.vanished == UidSet(Uid{1}));
  REQUIRE(told.flags.size() == 1);
  CHECK(told.flags.begin()->first == Uid{3});
}
