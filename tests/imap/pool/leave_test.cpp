// Mailboxes that have been renamed or deleted do not stay open.

#include "imap/pool/pool.h"
#include "tests/imap/pool/servers.h"
#include "tests/support/catch.h"

#include <string>

using imap::Session;
using tests::outcome_of;
using tests::Script;
using tests::Servers;

namespace {

const Script::Lines kNone{Script::none};

imap::Job examine(const std::string& mailbox) {
  return [mailbox](Session& session) {
    session.examine(mailbox, Session::Refresh::no);
  };
}

}  // namespace

TEST_CASE("a mailbox that is not to stay open is left before the next job", "[pool][leave]") {
  Servers servers;
  servers.offering("UNSELECT", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 UNSELECT", "S: $3 OK",
                                "C: $4 EXAMINE \"a\"", "S: $4 OK", "C: $5 LOGOUT", "S! close"});
  {
    imap::Pool pool(servers.settings(1), servers.abort);
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    pool.leave({"b", "a"});
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    // That was all: it may stay open from here on.
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
  }
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("another mailbox stays open", "[pool][leave]") {
  Servers servers;
  servers.offering("UNSELECT", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 LOGOUT", "S! close"});
  {
    imap::Pool pool(servers.settings(1), servers.abort);
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    pool.leave({"b", "a/b"});
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
  }
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("a connection that listens in such a mailbox leaves it by itself", "[pool][leave]") {
  Servers servers;
  servers.offering("IDLE UNSELECT",
                   {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling", "C: DONE",
                    "C: $4 UNSELECT", "S: $3 OK", "S: $4 OK", "C: $5 LOGOUT", "S! close"});
  {
    auto settings = servers.settings(1);
    settings.on_updates = [](const imap::Updates&) {
    };
    settings.idle_after = std::chrono::milliseconds(0);
    imap::Pool pool(std::move(settings), servers.abort);
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    const auto waits = [&](const auto& holds) {
      const imap::Ticket never;
      const auto end = imap::Deadline::after(std::chrono::seconds(10));
      while (!holds() && !end.expired()) {
        static_cast<void>(
            never.wait_until(imap::Deadline::after(std::chrono::milliseconds(2)), {}));
      }
      return holds();
    };
    CHECK(waits([&] { return pool.watched_since("a").has_value(); }));
    pool.leave({"a"});
    CHECK(waits([&] { return pool.connections().front().mailbox.empty(); }));
    CHECK_FALSE(pool.watched_since("a"));
  }
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("a connection that cannot leave a mailbox is replaced", "[pool][leave]") {
  for (const auto* answer : {"S: * BYE your mailbox is gone", "S: $3 NO no such mailbox"}) {
    Servers servers;
    servers.offering("UNSELECT",
                     {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 UNSELECT", answer, "S! close"});
    servers.offering("UNSELECT", {"C: $2 EXAMINE \"b\"", "S: $2 OK", "S! silence"});
    imap::Pool pool(servers.settings(1), servers.abort);
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    pool.leave({"a"});
    CHECK(outcome_of(pool.run({"b"}, examine("b"))).empty());
    CHECK(servers.attempts() == 2);
  }
}
