// A recorded session, whole, cut after every octet of the server, and with octets changed.
#include "tests/imap/hostile/recorded_session.h"

#include "tests/support/catch.h"

#include <array>
#include <string>
#include <utility>

using tests::Fault;
using tests::play;
using tests::recorded_session;

namespace {

/// 256 KiB are the connection's buffer; the recording and what is made of it come to a few KiB.
constexpr std::size_t kMostMemory = std::size_t{1} << 20;

std::string whole() {
  return play(recorded_session()).said;
}

/// Plays the session with each of its octets replaced in turn, and tells how many of the sessions
/// came to their end all the same.
std::size_t survivors(char octet) {
  const auto said = whole();
  std::size_t ended = 0;
  for (std::size_t at = 0; at < said.size(); ++at) {
    if (said[at] == octet) continue;
    const auto played = play(recorded_session(), {Fault::Kind::replace, at, {octet}});
    if (!played.received.violations.empty() || played.memory > kMostMemory) {
      FAIL_CHECK("octet " << at << " of " << said.substr(at, 40) << ": "
                          << (played.received.violations.empty()
                                  ? std::to_string(played.memory)
                                  : played.received.violations.front()));
    }
    if (played.error.empty()) ++ended;
  }
  return ended;
}

}  // namespace

TEST_CASE("the recorded session is played to its end", "[session][hostile]") {
  const auto played = play(recorded_session());
  CHECK(played.error.empty());
  const auto& received = played.received;
  CHECK(received.mailboxes == 6);
  CHECK(received.found == 3);
  CHECK(received.rows == 3);
  CHECK(received.bodies == 2);
  CHECK(received.octets.size() == 168 + 214);
  CHECK(received.copied == 1);
  CHECK(received.appended);
  CHECK(received.exists == 4);
  CHECK(received.violations.empty());
  CHECK(played.memory < kMostMemory);
}

TEST_CASE("a session cut after any octet ends in an error", "[session][hostile]") {
  const auto said = whole();
  const auto end = said.find(" OK Idle completed");
  REQUIRE(end != std::string::npos);
  const auto needed = said.find("\r\n", end) + 2;
  for (std::size_t at = 0; at < said.size(); ++at) {
    const auto played = play(recorded_session(), {Fault::Kind::cut, at});
    INFO("cut before octet " << at << ": " << said.substr(at, 40));
    // Nobody waits for the answer to LOGOUT.
    if (played.error.empty() != (at >= needed) || !played.received.violations.empty() ||
        played.memory > kMostMemory) {
      FAIL_CHECK(played.error << " with " << played.memory << " octets");
    }
  }
}

// One case for each octet, so that they run side by side. Most octets are of text for people, of
// messages and of names, where any other will do.

TEST_CASE("a session with any octet made NUL harms nobody", "[session][hostile]") {
  CHECK(survivors('\0') > 1000);
}
TEST_CASE("a session with any octet made { harms nobody", "[session][hostile]") {
  CHECK(survivors('{') > 1000);
}
TEST_CASE("a session with any octet made ( harms nobody", "[session][hostile]") {
  CHECK(survivors('(') > 1000);
}
TEST_CASE("a session with any octet made a quote harms nobody", "[session][hostile]") {
  CHECK(survivors('"') > 1000);
}
TEST_CASE("a session with any octet made CR harms nobody", "[session][hostile]") {
  CHECK(survivors('\r') > 1000);
}
TEST_CASE("a session with any octet made LF harms nobody", "[session][hostile]") {
  CHECK(survivors('\n') > 1000);
}
TEST_CASE("a session with any octet made 0xFF harms nobody", "[session][hostile]") {
  CHECK(survivors('\xff') > 1000);
}
TEST_CASE("a session with any octet made 9 harms nobody", "[session][hostile]") {
  CHECK(survivors('9') > 1000);
}
