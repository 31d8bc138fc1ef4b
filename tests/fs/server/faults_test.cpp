// The ways in which the server in memory breaks off and refuses when it is to be changed.

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/memory_client.h"

#include <future>

using imap::CommandError;
using imap::ConnectionError;
using imap::Uid;
using imap::UidSet;
using tests::contents;
using tests::mail;
using tests::MemoryClient;
using tests::MemoryServer;
using tests::new_message;

using Lines = std::vector<std::string>;

namespace {

imap::Flags deleted() {
  imap::Flags flags;
  flags.add("\\Deleted");
  return flags;
}

std::vector<tests::Box> two_messages() {
  return {{"INBOX", {mail("one"), mail("two")}}, {"Archive"}};
}

}  // namespace

TEST_CASE("a command whose answer is lost has been carried out", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  client->select("INBOX", imap::Session::Refresh::no);
  server.cut("UID MOVE", 0);
  CHECK_THROWS_AS(client->move(UidSet(Uid{1}), "Archive"), ConnectionError);
  CHECK_FALSE(client->is_usable());
  CHECK(contents(server, "INBOX") == Lines{"2 two"});
  CHECK(contents(server, "Archive") == Lines{"1 one"});
}

TEST_CASE("an answer that is cut in the middle belongs to a command that was carried out",
          "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  client->select("INBOX", imap::Session::Refresh::no);
  server.cut("UID MOVE", std::string_view("* OK [COPYUID 1 1 1]").size());
  CHECK_THROWS_AS(client->move(UidSet(Uid{1}), "Archive"), ConnectionError);
  CHECK(contents(server, "Archive") == Lines{"1 one"});
}

TEST_CASE("a command that is cut off unheard has not been carried out", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  client->select("INBOX", imap::Session::Refresh::no);
  server.cut_unheard("+FLAGS", 1);
  client->store(UidSet(Uid{1}), imap::FlagChange::add, deleted());
  CHECK_THROWS_AS(client->store(UidSet(Uid{2}), imap::FlagChange::add, deleted()), ConnectionError);
  CHECK(contents(server, "INBOX") == Lines{"1 one \\Deleted", "2 two"});
  CHECK(server.count("UID STORE") == 2);
}

TEST_CASE("a message that is cut off while it is sent is not appended", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  server.cut_message("APPEND \"Archive\"", 1000);
  CHECK_THROWS_AS(
      client->append("Archive", new_message(tests::mail_of_size("large", 5'000'000).octets)),
      ConnectionError);
  CHECK(contents(server, "Archive").empty());
}

TEST_CASE("a message whose APPEND is not answered is there", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  server.cut("APPEND", 0);
  CHECK_THROWS_AS(client->append("Archive", new_message(mail("new").octets)), ConnectionError);
  CHECK(contents(server, "Archive") == Lines{"1 new"});
}

TEST_CASE("APPEND is refused before and after its message", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  SECTION("before") {
    server.refuse("APPEND", "NO [OVERQUOTA] full", 1);
  }
  SECTION("after") {
    server.refuse_message("APPEND", "NO [OVERQUOTA] full", 1);
  }
  std::string code;
  try {
    client->append("Archive", new_message(mail("new").octets));
  } catch (const CommandError& refused) {
    code = refused.code();
  }
  CHECK(code == "OVERQUOTA");
  CHECK(contents(server, "Archive").empty());
  client->append("Archive", new_message(mail("again").octets));
  CHECK(contents(server, "Archive") == Lines{"1 again"});
}

TEST_CASE("a change that is refused leaves all as it was", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  client->select("INBOX", imap::Session::Refresh::no);
  server.refuse("UID STORE", "NO [NOPERM] not you");
  CHECK_THROWS_AS(client->store(UidSet(Uid{1}), imap::FlagChange::add, deleted()), CommandError);
  CHECK(contents(server, "INBOX") == Lines{"1 one", "2 two"});
}

TEST_CASE("a change is held back until the test lets it pass", "[server][faults]") {
  MemoryServer server(two_messages());
  MemoryClient client(server);
  client->select("INBOX", imap::Session::Refresh::no);
  auto hold = server.hold("UID MOVE");
  auto moved = std::async(std::launch::async,
                          [&] { return client->move(UidSet(Uid{1}), "Archive").only(); });
  CHECK(hold.wait_reached());
  CHECK(contents(server, "Archive").empty());
  hold.release();
  CHECK(moved.get() == Uid{1});
}
