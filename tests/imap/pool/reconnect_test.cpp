#include "imap/base/errors.h"
#include "imap/pool/pool.h"
#include "tests/imap/pool/servers.h"
#include "tests/support/catch.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::string_literals;
using imap::Deadline;
using imap::Session;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::Gate;
using tests::outcome_of;
using tests::RunningPool;
using tests::Script;
using tests::Servers;

namespace {

imap::Job counting_noop(std::atomic<int>& runs) {
  return [&runs](Session& session) {
    ++runs;
    session.noop();
  };
}

/// Waits, ten seconds at most, until the pool is online or not.
bool becomes(RunningPool& pool, bool online) {
  const imap::Ticket never;
  const auto end = Deadline::after(seconds(10));
  while (pool->is_online() != online && !end.expired()) {
    static_cast<void>(never.wait_until(Deadline::after(milliseconds(5)), {}));
  }
  return pool->is_online() == online;
}

}  // namespace

TEST_CASE("a job whose connection was lost runs once more on a fresh one", "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(runs == 3);
  CHECK(servers.attempts() == 2);
  CHECK(servers.states().empty());
}

TEST_CASE("a job that must not be repeated is run once", "[pool][reconnect]") {
  // A message that was copied may be copied a second time, though nobody heard of the first.
  Servers servers;
  servers.with({"C: $2 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S: $2 BAD Suggested Backoff Time: 60 ms", "S! silence"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  const imap::JobSpec once{.repeat = imap::Repeat::never};
  CHECK(outcome_of(pool->run(once, counting_noop(runs))).starts_with("ConnectionError"));
  CHECK(runs == 1);
  CHECK(outcome_of(pool->run(once, counting_noop(runs))).find("Backoff") != std::string::npos);
  CHECK(runs == 2);
}

TEST_CASE("a job that must not be repeated waits for a connection that works",
          "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  pool->network_changed();  // $3 shows that the connection is gone, before the job has begun
  CHECK(outcome_of(pool->run({.repeat = imap::Repeat::never}, counting_noop(runs))).empty());
  CHECK(runs == 2);
}

TEST_CASE("a job is not run a third time", "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S! close"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).starts_with("ConnectionError"));
  CHECK(runs == 3);
}

TEST_CASE("a job is repeated on a connection that works, when all have been cut",
          "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S! close"}).with({"C: $2 NOOP", "S! close"});
  // Each of the two may make another.
  for (int i = 0; i < 2; ++i) servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
  RunningPool pool(servers, 2);
  Gate together;
  std::atomic<int> inside = 0;
  const auto hold = [&](Session&) {
    if (++inside == 2) together.open();
    together.pass();
  };
  const std::array<imap::Ticket, 2> holders{pool->run({}, hold), pool->run({}, hold)};
  for (const auto& ticket : holders) CHECK(outcome_of(ticket).empty());
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(runs == 2);
}

TEST_CASE("a job that breaks a fresh connection is repeated, too", "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(runs == 2);
  CHECK(servers.states().empty());
}

TEST_CASE("a job that timed out is not repeated", "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S! silence"}, milliseconds(300)).silent();
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(outcome_of(pool->run({}, counting_noop(runs))) == "TimeoutError");
  CHECK(runs == 2);
  CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  CHECK(servers.attempts() == 2);
}

TEST_CASE("an idle connection that the server closed is replaced", "[pool][reconnect]") {
  for (const auto* ending : {"S! close", "S: * BYE idle too long"}) {
    Servers servers;
    servers.with({"C: $2 NOOP", "S: $2 OK", ending});
    servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
    RunningPool pool(servers, 1);
    std::atomic<int> runs = 0;
    CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
    CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
    CHECK(pool->is_online());
  }
}

TEST_CASE("one failed attempt fails all jobs, and later ones at once, until it works again",
          "[pool][reconnect]") {
  Servers servers;
  Gate gate;
  servers.with([&gate](unsigned) -> std::unique_ptr<Session> {
    gate.pass();
    throw imap::ConnectionError("no route");
  });
  servers.failing<imap::ConnectionError>("still no route").silent(3);
  RunningPool pool(servers, 3);
  std::vector<imap::Ticket> tickets;
  for (int i = 0; i < 5; ++i) tickets.push_back(pool->run({}, [](Session&) {}));
  gate.open();
  for (const auto& ticket : tickets) CHECK(outcome_of(ticket) == "ConnectionError: no route");
  CHECK_FALSE(pool->is_online());
  const auto begin = Deadline::Clock::now();
  CHECK(outcome_of(pool->run({}, [](Session&) {})) == "OfflineError");
  CHECK(Deadline::Clock::now() - begin < milliseconds(250));
  // Nobody asks for anything, and the pool comes back nevertheless.
  CHECK(becomes(pool, true));
  CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  const auto states = servers.states();
  REQUIRE(states.size() == 2);
  CHECK(states[0] == "offline: no route");
  CHECK(states[1].starts_with("online"));
}

TEST_CASE("a refused login is not tried again by every connection and job", "[pool][reconnect]") {
  Servers servers;
  Gate gate;
  servers.with([&gate](unsigned) -> std::unique_ptr<Session> {
    gate.pass();
    throw imap::AuthenticationError("wrong password");
  });
  servers.silent(3);
  RunningPool pool(servers, 3);
  std::vector<imap::Ticket> tickets;
  for (int i = 0; i < 5; ++i) tickets.push_back(pool->run({}, [](Session&) {}));
  gate.open();
  for (const auto& ticket : tickets) CHECK(outcome_of(ticket) == "AuthenticationError");
  for (int i = 0; i < 20; ++i) {
    CHECK(outcome_of(pool->run({}, [](Session&) {})) == "AuthenticationError");
  }
  CHECK_FALSE(pool->is_online());
  CHECK(servers.attempts() == 1);
  CHECK(servers.states() == std::vector<std::string>{"offline: wrong password"});
}

TEST_CASE("a login that turns out to be refused by the first command is not tried again",
          "[pool][reconnect]") {
  // Exchange accepts a wrong password and refuses what comes next; it locks accounts all the same.
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 BAD User is authenticated but not connected."}).silent(3);
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, counting_noop(runs))) == "AuthenticationError");
  for (int i = 0; i < 5; ++i) {
    CHECK(outcome_of(pool->run({}, [](Session&) {})) == "AuthenticationError");
  }
  CHECK(servers.attempts() == 1);
  CHECK_FALSE(pool->is_online());
}

TEST_CASE("connections that wait for the first one go on when it is in", "[pool][reconnect]") {
  Script script(tests::after_login("IMAP4rev1", {"S! silence"}));
  Servers servers;
  Gate first;
  servers.with([&](unsigned) {
    first.pass();
    return Session::open(script.take_client(servers.abort), tests::alice(), tests::patient());
  });
  servers.silent(2);
  RunningPool pool(servers, 3);
  Gate together;
  std::atomic<int> inside = 0;
  std::vector<imap::Ticket> tickets;
  for (int i = 0; i < 3; ++i) {
    tickets.push_back(pool->run({}, [&](Session&) {
      if (++inside == 3) together.open();
      together.pass();
    }));
  }
  first.open();
  // Each job holds its connection until all three have one.
  for (const auto& ticket : tickets) CHECK(outcome_of(ticket).empty());
  CHECK(servers.attempts() == 3);
}

TEST_CASE("a server that wants no more connections is served with those there are",
          "[pool][reconnect]") {
  Servers servers;
  servers.silent(1).failing<imap::RefusedError>("too many connections");
  RunningPool pool(servers, 3);
  std::atomic<int> runs = 0;
  Gate gate;
  std::vector<imap::Ticket> tickets{pool->run({}, [&](Session&) { gate.pass(); })};
  for (int i = 0; i < 6; ++i) {
    tickets.push_back(pool->run({"", i % 2 == 0 ? imap::Lane::bulk : imap::Lane::interactive},
                                [&runs](Session&) { ++runs; }));
  }
  const auto end = Deadline::after(seconds(10));
  while (servers.attempts() < 2 && !end.expired()) std::this_thread::yield();
  gate.open();
  for (const auto& ticket : tickets) CHECK(outcome_of(ticket).empty());
  CHECK(runs == 6);
  CHECK(servers.attempts() == 2);
  CHECK(pool->is_online());
  CHECK(servers.states().empty());
}

TEST_CASE("a connection that slept or moved proves that it works before it is used",
          "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S: $3 OK", "C: $4 NOOP", "S: $4 OK",
                "C: $5 NOOP", "S! close"});
  servers.with({"C: $2 NOOP", "S: $2 OK", "S! silence"});
  std::atomic<std::int64_t> slept = 0;
  auto settings = servers.settings(1);
  settings.suspended = [&slept] {
    return std::chrono::nanoseconds(seconds(slept.load()));
  };
  imap::Pool pool(std::move(settings), servers.abort);
  std::atomic<int> runs = 0;
  const auto wait_for_command = [&] {
    return outcome_of(pool.run({}, counting_noop(runs)));
  };
  CHECK(wait_for_command().empty());  // $2
  slept = 3600;
  CHECK(wait_for_command().empty());  // $3 proves, $4 is the job's
  CHECK(runs == 2);
  pool.network_changed();  // $5 proves the contrary
  CHECK(wait_for_command().empty());
  CHECK(runs == 3);
  CHECK(servers.attempts() == 2);
  CHECK(servers.states().empty());
}

TEST_CASE("a server that could not be reached is tried again when the network changes",
          "[pool][reconnect]") {
  Servers servers;
  for (int i = 0; i < 2; ++i) servers.failing<imap::ConnectionError>("no route");
  servers.silent();
  RunningPool pool(servers, 1);
  CHECK(outcome_of(pool->run({}, [](Session&) {})).starts_with("ConnectionError"));
  const auto end = Deadline::after(seconds(10));
  while (!pool->is_online() && !end.expired()) {
    pool->network_changed();
    std::this_thread::yield();
  }
  CHECK(pool->is_online());
}

TEST_CASE("a command that came too soon is repeated when the pause is over", "[pool][reconnect]") {
  Servers servers;
  servers.with({"C: $2 NOOP",
                "S: $2 BAD Request is throttled. Suggested Backoff Time: 60 milliseconds",
                "C: $3 NOOP", "S: $3 OK", "C: $4 NOOP", "S: $4 BAD Suggested Backoff Time: 60 ms",
                "C: $5 NOOP", "S: $5 BAD Suggested Backoff Time: 60 ms", "S! silence"});
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  const auto begin = Deadline::Clock::now();
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).empty());
  CHECK(Deadline::Clock::now() - begin >= milliseconds(60));
  CHECK(runs == 2);
  CHECK(outcome_of(pool->run({}, counting_noop(runs))).find("Backoff") != std::string::npos);
  CHECK(runs == 4);
}

TEST_CASE("connections that are idle say goodbye at the end", "[pool][reconnect][stop]") {
  Script script(tests::after_login("IMAP4rev1", {"C: $2 LOGOUT", "S: * BYE", "S! close"}));
  Servers servers;
  servers.with([&](unsigned) {
    return Session::open(script.take_client(servers.abort), tests::alice(), tests::patient());
  });
  {
    RunningPool pool(servers, 2);
    CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  }
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a pool that is offline ends at once", "[pool][reconnect][stop]") {
  Servers servers;
  servers.failing<imap::ConnectionError>("");
  RunningPool pool(servers, 2);
  CHECK(outcome_of(pool->run({}, [](Session&) {})).starts_with("ConnectionError"));
  CHECK_FALSE(pool->is_online());  // also without a reason
  pool.stop();
}
