#include "imap/session/pace.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"

using imap::Limits;
using imap::Pace;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a literal that comes too slowly is given up", "[session][limits]") {
  const Limits limits;
  const auto least = limits.octets_per_second * 60;
  Pace pace(limits);
  // One window that is just fast enough, then one that lacks an octet.
  pace.note(Pace::Within::literal, least - 1, seconds(59));
  CHECK_NOTHROW(pace.note(Pace::Within::literal, 1, seconds(1)));
  pace.note(Pace::Within::literal, least - 2, seconds(59));
  CHECK_NOTHROW(pace.note(Pace::Within::literal, 1, milliseconds(999)));
  CHECK_THROWS_AS(pace.note(Pace::Within::literal, 0, milliseconds(1)), imap::TimeoutError);
}

TEST_CASE("a line may take longer than a literal, but not for ever", "[session][limits]") {
  const Limits limits;
  Pace pace(limits);
  for (int i = 0; i < 10; ++i) CHECK_NOTHROW(pace.note(Pace::Within::line, 1, seconds(29)));
  CHECK_THROWS_AS(pace.note(Pace::Within::line, 1, seconds(10)), imap::TimeoutError);
}

TEST_CASE("a response that is complete was fast enough", "[session][limits]") {
  const Limits limits;
  Pace pace(limits);
  for (int i = 0; i < 100; ++i) {
    CHECK_NOTHROW(pace.note(Pace::Within::literal, 1, seconds(29)));
    pace.restart();
  }
}

TEST_CASE("a fast minute does not pay for a slow one", "[session][limits]") {
  const Limits limits;
  Pace pace(limits);
  pace.note(Pace::Within::literal, 1'000'000'000, seconds(60));
  CHECK_THROWS_AS(pace.note(Pace::Within::literal, 1, seconds(60)), imap::TimeoutError);
}
