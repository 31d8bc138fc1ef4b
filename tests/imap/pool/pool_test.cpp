#include "imap/pool/pool.h"

#include "imap/base/errors.h"
#include "tests/imap/pool/servers.h"
#include "tests/support/catch.h"

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::string_literals;
using imap::Deadline;
using imap::Lane;
using imap::Session;
using imap::Synchronized;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::Gate;
using tests::outcome_of;
using tests::RunningPool;
using tests::Script;
using tests::Servers;
using tests::wait_for;

namespace {

using Order = Synchronized<std::vector<std::string>>;

/// A job that notes its name and, with `gate`, waits there.
imap::Job noting(Order& order, const std::string& name, const Gate* gate = nullptr) {
  return [&order, name, gate](Session&) {
    order.with([&](auto& names) { names.push_back(name); });
    if (gate != nullptr) gate->pass();
  };
}

std::vector<std::string> names_in(const Order& order) {
  return order.with([](const auto& names) { return names; });
}

const Script::Lines kExamines{"C: $2 EXAMINE \"A\"", "S: * 0 EXISTS", "S: $2 OK", "S! silence"};

}  // namespace

TEST_CASE("a job runs and its error reaches whoever waits", "[pool]") {
  Servers servers;
  servers.silent();
  RunningPool pool(servers, 1);
  std::atomic<int> runs = 0;
  CHECK(outcome_of(pool->run({}, [&runs](Session&) { ++runs; })).empty());
  CHECK(runs == 1);
  CHECK(outcome_of(pool->run({}, [](Session&) { throw std::runtime_error("no"); })) == "no");
}

TEST_CASE("a job goes on when whoever waited has left", "[pool]") {
  Servers servers;
  servers.silent();
  RunningPool pool(servers, 1);
  Gate gate;
  std::atomic<bool> ended = false;
  const auto ticket = pool->run({}, [&](Session&) {
    gate.pass();
    ended = true;
  });
  CHECK_THROWS_AS(ticket.wait(milliseconds(20), {}), imap::TimeoutError);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(ticket.wait(seconds(10), stop.get_token()), imap::CancelledError);
  CHECK_FALSE(ended);
  gate.open();
  wait_for(ticket);
  CHECK(ended);
}

TEST_CASE("octets from the server renew the patience of whoever waits", "[pool]") {
  Script::Lines lines;
  for (int i = 2; i < 32; ++i) {
    const auto tag = '$' + std::string(1, static_cast<char>(i < 10 ? '0' + i : 'a' + i - 10));
    lines.insert(lines.end(), {"C: " + tag + " NOOP", "S: " + tag + " OK"});
  }
  lines.emplace_back("S! silence");
  Servers servers;
  servers.with(lines);
  RunningPool pool(servers, 1);
  const imap::Ticket pace;
  const auto ticket = pool->run({}, [pace](Session& session) {
    for (int i = 0; i < 30; ++i) {
      session.noop();
      static_cast<void>(pace.wait_until(Deadline::after(milliseconds(50)), {}));
    }
  });
  CHECK_NOTHROW(ticket.wait(milliseconds(1000), {}));
}

TEST_CASE("a connection prefers jobs for the mailbox it has open", "[pool]") {
  Servers servers;
  servers.with(kExamines);
  RunningPool pool(servers, 1);
  Gate gate;
  Order order;
  const auto first = pool->run({"A"}, [&gate](Session& session) {
    session.examine("A", Session::Refresh::no);
    gate.pass();
  });
  const auto other = pool->run({"B"}, noting(order, "B"));
  const auto same = pool->run({"A"}, noting(order, "A"));
  gate.open();
  for (const auto& ticket : {first, other, same}) CHECK(outcome_of(ticket).empty());
  CHECK(names_in(order) == std::vector<std::string>{"A", "B"});
}

TEST_CASE("a stream of jobs for one mailbox does not starve the others", "[pool]") {
  Servers servers;
  servers.with(kExamines);
  RunningPool pool(servers, 1);
  Gate gate;
  Order order;
  std::vector<imap::Ticket> tickets{pool->run({"A"}, [&gate](Session& session) {
    session.examine("A", Session::Refresh::no);
    gate.pass();
  })};
  tickets.push_back(pool->run({"B"}, noting(order, "B")));
  for (int i = 0; i < 30; ++i) tickets.push_back(pool->run({"A"}, noting(order, "A")));
  gate.open();
  for (const auto& ticket : tickets) CHECK(outcome_of(ticket).empty());
  const auto names = names_in(order);
  CHECK(std::find(names.begin(), names.end(), "B") - names.begin() == 8);
}

TEST_CASE("bulk work leaves connection 0 alone where there is another", "[pool]") {
  Servers servers;
  servers.silent(2);
  RunningPool pool(servers, 2);
  Order order;
  std::vector<imap::Ticket> tickets;
  for (int i = 0; i < 20; ++i) {
    tickets.push_back(pool->run({"", Lane::bulk}, [&order](Session& session) {
      order.with([&](auto& names) { names.push_back(*session.capabilities().atoms().begin()); });
    }));
  }
  for (const auto& ticket : tickets) wait_for(ticket);
  CHECK(names_in(order) == std::vector<std::string>(20, "N1"));
}

TEST_CASE("a listing does not wait behind bulk work", "[pool]") {
  Servers servers;
  servers.silent(2);
  RunningPool pool(servers, 2);
  Gate gate;
  const auto bulk = pool->run({"", Lane::bulk}, [&gate](Session&) { gate.pass(); });
  CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  CHECK_FALSE(bulk.is_done());
  gate.open();
  wait_for(bulk);
}

TEST_CASE("the only connection does bulk work, too", "[pool]") {
  Servers servers;
  servers.silent();
  RunningPool pool(servers, 1);
  CHECK(outcome_of(pool->run({"", Lane::bulk}, [](Session&) {})).empty());
}

TEST_CASE("jobs of many threads run once each", "[pool]") {
  Servers servers;
  servers.silent(3);
  RunningPool pool(servers, 3);
  std::atomic<int> runs = 0;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto lane = i % 2 == 0 ? Lane::bulk : Lane::interactive;
        if (!outcome_of(pool->run({"", lane}, [&runs](Session&) { ++runs; })).empty()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(runs == 400);
  CHECK(failures == 0);
}

TEST_CASE("what a job holds is gone when it has ended", "[pool]") {
  Servers servers;
  servers.silent();
  RunningPool pool(servers, 1);
  for (int i = 0; i < 100; ++i) {
    const auto held = std::make_shared<int>(1);
    wait_for(pool->run({}, [held](Session&) {}));
    REQUIRE(held.use_count() == 1);
  }
}

TEST_CASE("the pool ends with jobs queued, running and none", "[pool][stop]") {
  Servers servers;
  servers.with({"C: $2 NOOP", "S! silence"});
  RunningPool pool(servers, 1);
  std::promise<void> running;
  const auto first = pool->run({}, [&running](Session& session) {
    running.set_value();
    session.noop();
  });
  const auto second = pool->run({}, [](Session&) {});
  running.get_future().wait_for(seconds(10));
  pool.stop();
  CHECK(outcome_of(first) == "CancelledError");
  CHECK(outcome_of(second) == "CancelledError");
  CHECK(outcome_of(pool->run({}, [](Session&) {})) == "CancelledError");

  Servers others;
  others.silent(3);
  RunningPool idle(others, 3);
  CHECK(outcome_of(idle->run({}, [](Session&) {})).empty());
  idle.stop();
  RunningPool unused(others, 3);
  unused.stop();
}
