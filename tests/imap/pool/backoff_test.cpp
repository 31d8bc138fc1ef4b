#include "imap/pool/backoff.h"

#include "tests/support/catch.h"

using imap::Backoff;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Backoff::Time kNow = Backoff::Time() + std::chrono::hours(1);

/// Whether the wait is `longest`, up to a quarter shorter.
bool waits(const Backoff& backoff, milliseconds longest) {
  const auto wait = backoff.next_attempt() - kNow;
  return wait <= longest && wait >= longest * 3 / 4;
}

}  // namespace

TEST_CASE("the wait for a server that is not reachable doubles up to a minute", "[pool][backoff]") {
  Backoff backoff;
  CHECK(backoff.failures() == 0);
  for (const int wait : {500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000}) {
    backoff.unreachable(kNow);
    CHECK(waits(backoff, milliseconds(wait)));
  }
  for (int i = 0; i < 100; ++i) backoff.unreachable(kNow);
  CHECK(waits(backoff, milliseconds(60000)));
  backoff.succeeded();
  CHECK(backoff.failures() == 0);
  backoff.unreachable(kNow);
  CHECK(waits(backoff, milliseconds(500)));
}

TEST_CASE("the wait after a refused login grows to an hour", "[pool][backoff]") {
  Backoff backoff;
  for (const int wait : {30, 300, 3600, 3600}) {
    backoff.refused(kNow);
    CHECK(waits(backoff, seconds(wait)));
  }
}

TEST_CASE("haste does not help right after a failure", "[pool][backoff]") {
  Backoff backoff;
  for (int i = 0; i < 8; ++i) backoff.unreachable(kNow);
  const auto before = backoff.next_attempt();
  backoff.hurry(kNow + milliseconds(4999));
  CHECK(backoff.next_attempt() == before);
  backoff.hurry(kNow + seconds(5));
  CHECK(backoff.next_attempt() == kNow + seconds(5));
  backoff.hurry(kNow + seconds(6));
  CHECK(backoff.next_attempt() == kNow + seconds(5));
}

TEST_CASE("another network is a reason to try again soon", "[pool][backoff]") {
  Backoff backoff;
  for (int i = 0; i < 8; ++i) backoff.unreachable(kNow);
  const auto before = backoff.next_attempt();
  backoff.network_changed(kNow + milliseconds(499));
  CHECK(backoff.next_attempt() == before);
  backoff.network_changed(kNow + milliseconds(500));
  CHECK(backoff.next_attempt() == kNow + milliseconds(500));
}
