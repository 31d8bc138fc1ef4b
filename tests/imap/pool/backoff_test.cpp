#include "imap/pool/backoff.h"

#include "tests/support/catch.h"

#include <array>

using imap::Backoff;
using imap::Deadline;
using std::chrono::milliseconds;

namespace {

/// How long after now the next attempt may be made.
milliseconds wait_of(const Backoff& backoff) {
  return std::chrono::ceil<milliseconds>(backoff.next_attempt() - Deadline::Clock::now());
}

/// Whether the wait is `longest`, up to a quarter shorter. The clock goes on meanwhile.
bool is_about(milliseconds wait, milliseconds longest) {
  return wait <= longest && wait + milliseconds(200) >= longest * 3 / 4;
}

}  // namespace

TEST_CASE("the wait for a server that is not reachable doubles up to a minute", "[pool][backoff]") {
  Backoff backoff;
  CHECK(backoff.failures() == 0);
  for (const int wait : {500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000}) {
    backoff.unreachable();
    CHECK(is_about(wait_of(backoff), milliseconds(wait)));
  }
  for (int i = 0; i < 100; ++i) backoff.unreachable();
  CHECK(is_about(wait_of(backoff), milliseconds(60000)));
  backoff.succeeded();
  CHECK(backoff.failures() == 0);
  backoff.unreachable();
  CHECK(is_about(wait_of(backoff), milliseconds(500)));
}

TEST_CASE("the wait after a refused login grows to an hour", "[pool][backoff]") {
  Backoff backoff;
  for (const int seconds : {30, 300, 3600, 3600}) {
    backoff.refused();
    CHECK(is_about(wait_of(backoff), std::chrono::seconds(seconds)));
  }
}

TEST_CASE("haste does not help right after a failure", "[pool][backoff]") {
  Backoff backoff;
  CHECK(backoff.hurry());  // nothing has failed yet
  for (int i = 0; i < 8; ++i) backoff.unreachable();
  const auto before = backoff.next_attempt();
  CHECK_FALSE(backoff.hurry());
  CHECK(backoff.next_attempt() == before);
}
