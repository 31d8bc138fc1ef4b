#include "imap/pool/ticket.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using imap::Deadline;
using imap::Ticket;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::exception_ptr failure() {
  return std::make_exception_ptr(std::runtime_error("failed"));
}

}  // namespace

TEST_CASE("the outcome of a job reaches whoever waits", "[pool][ticket]") {
  const Ticket good;
  CHECK_FALSE(good.is_done());
  CHECK_FALSE(good.wait_until(Deadline::after(milliseconds(5)), {}));
  std::thread ending([good] { good.finish(nullptr); });
  CHECK_NOTHROW(good.wait(seconds(10), {}));
  ending.join();
  CHECK(good.is_done());

  const Ticket bad;
  bad.finish(failure());
  CHECK_THROWS_AS(bad.wait(seconds(10), {}), std::runtime_error);
  CHECK_THROWS_AS(bad.wait(seconds(10), {}), std::runtime_error);
  CHECK(bad.wait_until(Deadline::after(seconds(10)), {}));
}

TEST_CASE("whoever waits loses patience", "[pool][ticket]") {
  const Ticket ticket;
  CHECK_THROWS_AS(ticket.wait(milliseconds(10), {}), imap::TimeoutError);
}

TEST_CASE("whoever waits may be interrupted", "[pool][ticket]") {
  const Ticket ticket;
  std::stop_source stop;
  std::thread stopping([&stop] { stop.request_stop(); });
  CHECK_THROWS_AS(ticket.wait(seconds(10), stop.get_token()), imap::CancelledError);
  stopping.join();
  CHECK_FALSE(ticket.wait_until(Deadline::after(seconds(10)), stop.get_token()));
  ticket.finish(nullptr);
  CHECK_NOTHROW(ticket.wait(seconds(10), stop.get_token()));
}

TEST_CASE("progress renews the patience", "[pool][ticket]") {
  const Ticket ticket;
  std::thread working([ticket] {
    const auto end = Deadline::after(milliseconds(1500));
    while (!end.expired()) {
      static_cast<void>(ticket.wait_until(Deadline::after(milliseconds(20)), {}));
      ticket.progress();
    }
    ticket.finish(nullptr);
  });
  CHECK_NOTHROW(ticket.wait(milliseconds(1000), {}));
  working.join();
}

TEST_CASE("a reaction is called once, whether it comes before the end or after", "[pool][ticket]") {
  for (const bool early : {true, false}) {
    const Ticket ticket;
    int calls = 0;
    std::exception_ptr got;
    const auto react = [&](const std::exception_ptr& error) {
      ++calls;
      got = error;
    };
    if (early) ticket.on_done(react);
    CHECK(calls == 0);
    ticket.finish(failure());
    if (!early) ticket.on_done(react);
    CHECK(calls == 1);
    CHECK(got != nullptr);
  }
}

TEST_CASE("a reaction that races with the end is called once", "[pool][ticket]") {
  for (int round = 0; round < 500; ++round) {
    const Ticket ticket;
    std::atomic<int> calls = 0;
    std::thread ending([ticket] { ticket.finish(nullptr); });
    ticket.on_done([&calls](const std::exception_ptr&) { ++calls; });
    ending.join();
    REQUIRE(calls == 1);
  }
}
