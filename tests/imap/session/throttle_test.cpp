#include "imap/session/throttle.h"

#include "tests/support/catch.h"

#include <string>

using imap::Condition;
using imap::Throttle;
using std::chrono::milliseconds;

namespace {

imap::Status status(Condition condition, std::string code, std::string text) {
  imap::Status status;
  status.tag = "A1";
  status.condition = condition;
  status.code = std::move(code);
  status.text = std::move(text);
  return status;
}

/// The pause that a command asks for which ends like that.
std::optional<milliseconds> pause_after(Condition condition, const std::string& text) {
  Throttle throttle;
  throttle.note(status(condition, "", text));
  return throttle.take();
}

}  // namespace

TEST_CASE("Exchange Online says how long to wait", "[session][throttle]") {
  CHECK(pause_after(Condition::bad,
                    "Request is throttled. Suggested Backoff Time: 92415 milliseconds") ==
        milliseconds(92415));
  CHECK(pause_after(Condition::no, "suggested backoff time:   7 milliseconds") == milliseconds(50));
  for (const auto* most : {"300001", "99999999999999999999999999"}) {
    CHECK(pause_after(Condition::bad, std::string("Suggested Backoff Time: ") + most) ==
          milliseconds(300'000));
  }
  for (const auto* nothing : {"Suggested Backoff Time:", "Suggested Backoff Time: soon",
                              "Suggested Backoff Time: -5 milliseconds", ""}) {
    CHECK_FALSE(pause_after(Condition::bad, nothing));
  }
  CHECK_FALSE(pause_after(Condition::ok, "Suggested Backoff Time: 5000 milliseconds"));
}

TEST_CASE("the pauses of Gmail and Yahoo double until a command ends without",
          "[session][throttle]") {
  Throttle throttle;
  const auto gmail = status(Condition::ok, "", "FETCH completed [THROTTLED]");
  const auto yahoo = status(Condition::no, "LIMIT", "UID FETCH Rate limit hit");
  for (const int wait : {50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 16000, 16000}) {
    throttle.note(wait % 3 == 0 ? gmail : yahoo);
    CHECK(throttle.take() == milliseconds(wait));
    CHECK_FALSE(throttle.take());
  }
  throttle.note(status(Condition::ok, "", "done"));
  CHECK_FALSE(throttle.take());
  throttle.note(status(Condition::ok, "THROTTLED", ""));
  CHECK(throttle.take() == milliseconds(50));
}
