// Right responses at the wrong time, in the wrong order, with the wrong numbers: each is put into
// the recorded session at every place where a response may stand.
#include "imap/wire/framer.h"
#include "tests/imap/hostile/recorded_session.h"
#include "tests/support/catch.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace std::string_literals;
using tests::Fault;
using tests::play;
using tests::Played;
using tests::recorded_session;
using tests::Recording;

namespace {

/// Where the responses of the session begin.
std::vector<std::size_t> places() {
  const auto said = play(recorded_session()).said;
  auto left = std::as_bytes(std::span(said));
  std::vector<std::size_t> begins{0};
  imap::Framer framer(imap::Limits{});
  while (!left.empty()) {
    const auto step = framer.step(left);
    left = left.subspan(step.used);
    if (step.event != imap::Framer::Event::response) continue;
    static_cast<void>(framer.take());
    begins.push_back(said.size() - left.size());
  }
  begins.pop_back();
  return begins;
}

std::vector<Played> with_inserted(const std::string& response) {
  std::vector<Played> all;
  for (const auto place : places()) {
    all.push_back(play(recorded_session(), {Fault::Kind::insert, place, response + "\r\n"}));
    CHECK(all.back().memory < std::size_t{1} << 20);
    if (!all.back().received.violations.empty()) {
      FAIL_CHECK(response << " at " << place << ": " << all.back().received.violations.front());
    }
  }
  CHECK(all.size() > 70);
  return all;
}

/// The lines of an answer that have no literal, each with its ending; empty when one has.
std::vector<std::string> lines_of(const std::string& answer) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < answer.size();) {
    const auto end = answer.find("\r\n", at) + 2;
    lines.push_back(answer.substr(at, end - at));
    if (lines.back().ends_with("}\r\n")) return {};
    at = end;
  }
  return lines;
}

}  // namespace

TEST_CASE("BYE ends a session wherever it comes", "[session][hostile]") {
  const auto whole = play(recorded_session());
  const auto end = whole.said.find(" OK Idle completed");
  const auto all_places = places();
  for (const auto* bye : {"* BYE", "* bye [UNAVAILABLE] for now", "* BYE [ALERT] {5}"}) {
    const auto played = with_inserted(bye);
    for (std::size_t i = 0; i < played.size(); ++i) {
      INFO(bye << " at " << all_places[i]);
      // Nobody waits for the answer to LOGOUT.
      CHECK(played[i].error.empty() == (all_places[i] > end));
    }
  }
}

TEST_CASE("what is said unasked harms no session, wherever it comes", "[session][hostile]") {
  const auto whole = play(recorded_session()).received;
  for (const auto* response :
       {"* OK still here",
        "* OK [UNKNOWN x] y",
        "* OK [UIDNEXT 0] x",
        "* OK [UIDVALIDITY 18446744073709551616] x",
        "* OK [COPYUID 1 1:9 1:9] not yours",
        "* OK [APPENDUID 0 0] x",
        "* OK [MODIFIED 1:9] x",
        "* OK [MESSAGELIMIT 0 0] x",
        "* OK [ALERT",
        "* RECENT 5",
        "* 7 RECENT",
        "* FLAGS ()",
        "* FLAGS NIL",
        "* ENABLED",
        "* ENABLED UTF8=ACCEPT X",
        "* ID NIL",
        "* QUOTA \"\" (STORAGE 1 2)",
        "* QUOTAROOT INBOX",
        "* NAMESPACE NIL NIL NIL",
        "* LSUB () \"/\" Stranger",
        "* SEARCH",
        "* SEARCH 0",
        "* SEARCH 18446744073709551616",
        "* ESEARCH (TAG \"none\") UID",
        "* THREAD (1)",
        "* SORT 1",
        "* METADATA \"\" ()",
        "* ACL INBOX a b",
        "* STATUS Stranger (MESSAGES 1)",
        "* 1 FETCH (FLAGS (\\Seen))",
        "* 1 FETCH (UID 0 FLAGS (\\Seen))",
        "* 1 FETCH (UID 9 FLAGS (\\Seen))",
        "* 1 FETCH (UID 9 BODY[] \"stranger\")",
        "* 1 FETCH (UID 9 RFC822.SIZE 3 BODY[HEADER.FIELDS (DATE)] {3}\r\nabc)",
        "* 9 FETCH (UID 9 BODY[] {8}\r\nstranger)",
        "* 0 FETCH (BODY[] {8}\r\nstranger)",
        "* 4294967295 FETCH (UID 4294967295 BODY[] NIL)",
        "* 4294967296 FETCH (UID 1 FLAGS ())",
        "* 1 FETCH (UID 18446744073709551616 FLAGS ())",
        "* 1 FETCH (UID -1 FLAGS ())",
        "* 1 FETCH (UID 4294967296 FLAGS (\\Seen))",
        "* 1 FETCH (MODSEQ (18446744073709551616))",
        "* 1 FETCH ()",
        "* 1 FETCH NIL",
        "* 1 FETCH (",
        "* 1 UIDFETCH (FLAGS ())",
        "* 9 UIDFETCH (BODY[] {8}\r\nstranger)",
        "* VANISHED (EARLIER) 0",
        "* VANISHED (EARLIER) 9",
        "* VANISHED (EARLIER) 1:4294967295",
        "* VANISHED",
        "* VANISHED 0:0",
        "*",
        "* ",
        "* (",
        "* \"",
        "* {",
        "* {5}\r\nhello",
        "* X {5}\r\nhello",
        "* -1 EXISTS",
        "* 4294967296 EXISTS",
        "* 18446744073709551616 EXPUNGE",
        "\\",
        "]",
        "\r\n"}) {
    INFO(response);
    // What comes first is the greeting.
    const auto all = with_inserted(response);
    for (const auto& played : std::span(all).subspan(1)) {
      CHECK(played.error.empty());
      CHECK(played.received.bodies == whole.bodies);
      CHECK(played.received.octets == whole.octets);
      CHECK(played.received.rows == whole.rows);
      CHECK(played.received.copied == whole.copied);
    }
  }
}

TEST_CASE("what contradicts all else brings nothing that was not asked for", "[session][hostile]") {
  for (const auto* response :
       {"* NO no",
        "* BAD bad",
        "* PREAUTH again",
        "* OK [CLOSED] x",
        "* OK [READ-ONLY] x",
        "* OK [HIGHESTMODSEQ 99999999999999999999999] x",
        "* OK [HIGHESTMODSEQ 0] x",
        "* OK [NOMODSEQ] x",
        "* OK [UIDNOTSTICKY] x",
        "* OK [CAPABILITY] x",
        "* CAPABILITY",
        "* CAPABILITY UIDONLY NOTIFY COMPRESS=DEFLATE STARTTLS MESSAGELIMIT=1",
        "* 0 EXISTS",
        "* 4294967295 EXISTS",
        "* 1 EXPUNGE",
        "* 0 EXPUNGE",
        "* 4294967295 EXPUNGE",
        "* VANISHED 1:4294967295",
        "* VANISHED 2",
        "* SEARCH 9 2 2 4294967295 0 4294967296",
        "* ESEARCH (TAG \"x\") UID ALL 1:4294967295",
        "* ESEARCH UID PARTIAL (1:9 1:9)",
        "* LIST () \"/\" Stranger",
        "* LIST () NIL {3}\r\nabc",
        "* 1 FETCH (UID 1 BODY[] {3}\r\nbad)",
        "* 1 FETCH (UID 1 BODY[] {3}\r\nbad UID 9)",
        "* 1 FETCH (UID 9 BODY[] {3}\r\nbad UID 1)",
        "* 9 FETCH (UID 1 BODY[] \"bad\")",
        "* 1 FETCH (UID 1 RFC822.SIZE 99999999999999999999 BODY[HEADER] \"bad\")",
        "* 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (9999) BODY[HEADER] NIL)",
        "* 1 UIDFETCH (UID 9 BODY[] {3}\r\nbad)",
        "+",
        "+ x",
        "+ AAAA",
        "X1 OK who",
        "X1 NO",
        "X1 BYE",
        "$ OK",
        "A OK [CAPABILITY X]"}) {
    INFO(response);
    with_inserted(response);
  }
}

TEST_CASE("responses may come in any order", "[session][hostile]") {
  const auto whole = play(recorded_session());
  std::size_t reordered = 0;
  for (std::size_t i = 1; i < recorded_session().size(); ++i) {
    auto lines = lines_of(recorded_session()[i].answer);
    if (lines.size() < 3) continue;
    ++reordered;
    const auto last = std::prev(lines.end());  // tagged, or what belongs to IDLE
    // Neither are the order of IDLE and its news, nor that of two mailboxes up to the server.
    const auto begins = [](const std::string& line) {
      return line.starts_with('+') || line.find("[CLOSED]") != std::string::npos;
    };
    const auto first = begins(lines.front()) ? std::next(lines.begin()) : lines.begin();
    const auto play_lines = [&] {
      auto recording = recorded_session();
      recording[i].answer.clear();
      for (const auto& line : lines) recording[i].answer += line;
      auto received = play(recording);
      INFO(recording[i].answer);
      CHECK(received.error.empty());
      // What vanishes before it is counted is not subtracted.
      if (recording[i].command == "$ IDLE") received.received.exists = whole.received.exists;
      CHECK(received.received == whole.received);
    };
    for (auto rotation = first; rotation != last; ++rotation) {
      std::rotate(first, std::next(first), last);
      play_lines();
    }
    std::reverse(first, last);
    play_lines();
  }
  CHECK(reordered >= 5);
}

TEST_CASE("responses that come twice count once", "[session][hostile]") {
  const auto whole = play(recorded_session());
  for (std::size_t i = 1; i < recorded_session().size(); ++i) {
    const auto lines = lines_of(recorded_session()[i].answer);
    if (lines.size() < 2) continue;
    auto recording = recorded_session();
    recording[i].answer.clear();
    for (const auto& line : lines) {
      recording[i].answer += line;
      if (line.starts_with("* ")) recording[i].answer += line;
    }
    const auto played = play(recording);
    INFO(recording[i].answer);
    CHECK(played.error.empty());
    CHECK(played.received.violations.empty());
    CHECK(played.received.found == whole.received.found);
    CHECK(played.received.mailboxes >= whole.received.mailboxes);
  }
}
