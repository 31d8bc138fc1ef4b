#include "imap/base/errors.h"
#include "imap/net/plain_stream.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

using namespace std::string_literals;
using imap::ConnectionError;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using std::chrono::milliseconds;
using tests::after_login;
using tests::open_session;
using tests::RecordingSink;
using tests::Script;

namespace {

std::unique_ptr<Session> session_with(Script& script) {
  return open_session(script);
}

/// Runs a NOOP that the server answers with these lines, and the session's state after it.
template <class Expected>
void check_noop_throws(const Script::Lines& answer) {
  Script::Lines lines{"C: $2 NOOP"};
  lines.insert(lines.end(), answer.begin(), answer.end());
  Script script(after_login("IMAP4rev1", lines));
  const auto session = session_with(script);
  CHECK_THROWS_AS(session->noop(), Expected);
  CHECK_FALSE(session->is_usable());
}

}  // namespace

TEST_CASE("an answer with an unknown or an old tag ends the session", "[session][failures]") {
  check_noop_throws<imap::ProtocolError>({"S: XYZ1 OK"});
  check_noop_throws<imap::ProtocolError>({"S: $1 OK"});
  check_noop_throws<imap::ProtocolError>({"S: a OK"});
}

TEST_CASE("BYE ends the session in the midst of anything", "[session][failures]") {
  check_noop_throws<ConnectionError>({"S: * BYE shutting down"});
  check_noop_throws<ConnectionError>({"S: $2 BYE shutting down"});
  check_noop_throws<ConnectionError>({"S: * 3 EXISTS", "S: * bye"});
}

TEST_CASE("the end of the stream ends the session", "[session][failures]") {
  check_noop_throws<ConnectionError>({"S! close"});
  check_noop_throws<ConnectionError>({"S+ * 3 EXIS"});
}

TEST_CASE("one stray continuation is forgiven, two are not", "[session][failures]") {
  Script script(
      after_login("IMAP4rev1", {"C: $2 NOOP", "S: + what", "S: $2 OK", "C: $3 NOOP", "S: $3 OK"}));
  const auto session = session_with(script);
  session->noop();
  session->noop();
  CHECK(script.deviations() == Script::none);
  check_noop_throws<imap::ProtocolError>({"S: +", "S: +"});
}

TEST_CASE("twenty senseless responses are dropped, the next ends the session",
          "[session][failures]") {
  Script::Lines lines{"C: $2 NOOP"};
  lines.insert(lines.end(), 20, "S: * 1 FETCH (((");
  lines.emplace_back("S: $2 OK");
  Script script(after_login("IMAP4rev1", lines));
  const auto session = session_with(script);
  session->noop();
  CHECK(session->is_usable());
  CHECK(script.deviations() == Script::none);
  check_noop_throws<imap::ProtocolError>(Script::Lines(21, "S: * 1 FETCH ((("));
}

TEST_CASE("an answer before the command was sent ends the session", "[session][failures]") {
  Script script(after_login("IMAP4rev1", {"C: $2 EXAMINE {1}", "S: $2 OK", "S! silence"}));
  const auto session = session_with(script);
  CHECK_THROWS_AS(session->examine("\xff", Session::Refresh::no), imap::ProtocolError);
  CHECK_FALSE(session->is_usable());
  CHECK_FALSE(session->selected());
}

TEST_CASE("silence is a timeout within the time that was set", "[session][failures]") {
  auto settings = tests::patient();
  settings.timeout = milliseconds(60);
  for (const auto& begin : {"* 1 FETCH (UID 7 BODY[] {5}\r\nhel"s, "* 1 FE"s, ""s}) {
    Script script(after_login(
        "IMAP4rev1", {"C: $2 UID FETCH 7 (UID BODY.PEEK[])", "S+ " + begin, "S! silence"}));
    const auto session = open_session(script, settings);
    RecordingSink sink;
    const auto started = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(session->fetch_bodies(UidSet(Uid{7}), sink), imap::TimeoutError);
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(3));
    CHECK_FALSE(session->is_usable());
    CHECK(sink.delivered().empty());
  }
}

TEST_CASE("an abort cancels what waits", "[session][failures]") {
  const imap::WakeFd abort;
  Script script(after_login("IMAP4rev1", {"C: $2 NOOP", "S! silence"}));
  const auto session = Session::open(script.take_client(abort), tests::alice(), tests::patient());
  std::thread later([&abort] { abort.signal(); });
  CHECK_THROWS_AS(session->noop(), imap::CancelledError);
  CHECK_FALSE(session->is_usable());
  later.join();
}

TEST_CASE("LOGOUT is sent once and only while there is somebody to hear it",
          "[session][failures]") {
  Script script(after_login("IMAP4rev1", {"C: $2 LOGOUT"}));
  const auto session = session_with(script);
  session->logout();
  session->logout();
  CHECK_FALSE(session->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("what is said unasked is taken in while idle", "[session][failures]") {
  const imap::WakeFd wake;
  Script script(after_login("IMAP4rev1", {"C: $2 EXAMINE \"INBOX\"", "S: * 1 EXISTS", "S: $2 OK",
                                          "S: * 2 EXISTS", "S: * BYE idle too long"}));
  const auto session = session_with(script);
  session->examine("INBOX", Session::Refresh::no);
  CHECK(session->wait(imap::Deadline::after(std::chrono::seconds(5)), wake) ==
        imap::Stream::Wait::readable);
  // Both lines come at their own time.
  CHECK_THROWS_AS(
      [&] {
        while (true) {
          session->wait(imap::Deadline::after(std::chrono::seconds(5)), wake);
          session->digest();
        }
      }(),
      ConnectionError);
  CHECK(session->selected()->exists == 2);
  CHECK_FALSE(session->is_usable());
}

TEST_CASE("a server that never stops talking does not keep its connection", "[session][failures]") {
  std::string chatter;
  for (int i = 0; i < 200'000; ++i) chatter += "* " + std::to_string(i) + " EXISTS\r\n";
  Script script(after_login("IMAP4rev1", {"S+ " + chatter, "S! silence"}));
  const auto session = session_with(script);
  const imap::WakeFd wake;
  wake.signal();
  session->digest();
  CHECK(session->received() < chatter.size() / 2);
  CHECK(session->is_usable());
}

TEST_CASE("octets that arrive are progress", "[session][failures]") {
  Script script(after_login("IMAP4rev1", {"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S: $3 OK"}));
  const auto session = session_with(script);
  int reports = 0;
  session->on_received([&reports] { ++reports; });
  session->noop();
  CHECK(reports > 0);
  session->on_received({});
  reports = 0;
  session->noop();
  CHECK(reports == 0);
}

TEST_CASE("a stream cut after any octet is a lost connection", "[session][failures]") {
  // A login, EXAMINE and FETCH, with tags as placeholders so that each octet can be the last one.
  const std::vector<std::pair<std::string, std::string>> dialogue{
      {"", "* OK [CAPABILITY IMAP4rev1] hi\r\n"},
      {"C: $1 LOGIN \"alice\" \"secret\"", "* 1 EXISTS\r\n$1 OK\r\n"},
      {"C: $2 CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$2 OK\r\n"},
      {"C: $3 EXAMINE \"INBOX\"", "* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n$3 OK [READ-ONLY]\r\n"},
      {"C: $4 UID FETCH 7 (UID BODY.PEEK[])", "* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\n$4 OK\r\n"},
  };
  const auto run = [](Script& script, RecordingSink& sink) {
    const auto session = open_session(script);
    session->examine("INBOX", Session::Refresh::no);
    session->fetch_bodies(UidSet(Uid{7}), sink);
  };
  int cuts = 0;
  for (std::size_t step = 0; step < dialogue.size(); ++step) {
    for (std::size_t cut = 0; cut < dialogue[step].second.size(); ++cut) {
      Script::Lines lines;
      for (std::size_t i = 0; i <= step; ++i) {
        if (!dialogue[i].first.empty()) lines.push_back(dialogue[i].first);
        const auto& said = dialogue[i].second;
        lines.push_back("S+ " + (i < step ? said : said.substr(0, cut)));
      }
      lines.emplace_back("S! close");
      Script script(lines);
      RecordingSink sink;
      INFO("step " << step << " cut " << cut);
      CHECK_THROWS_AS(run(script, sink), ConnectionError);
      ++cuts;
    }
  }
  CHECK(cuts > 150);
}

TEST_CASE("a trace of a whole session shows no secret and no mail", "[session][trace]") {
  char* text = nullptr;
  std::size_t size = 0;
  {
    const imap::Trace trace(open_memstream(&text, &size));
    auto settings = tests::patient();
    settings.trace = &trace;
    for (const auto* capability : {"AUTH=PLAIN", "AUTH=PLAIN SASL-IR", "IMAP4rev1"}) {
      const bool plain = capability != "IMAP4rev1"s;
      const bool initial = capability == "AUTH=PLAIN SASL-IR"s;
      Script::Lines lines{"S: * OK [CAPABILITY "s + capability + "] hi"};
      if (!plain) {
        lines.insert(lines.end(), {"C: $1 LOGIN \"alice\" {7}", "S: + go", "C+ canary\xe9", "C: "});
      } else if (initial) {
        lines.emplace_back("C: $1 AUTHENTICATE PLAIN AGFsaWNlAGNhbmFyeek=");
      } else {
        lines.insert(lines.end(),
                     {"C: $1 AUTHENTICATE PLAIN", "S: + Y2FuYXJ5", "C: AGFsaWNlAGNhbmFyeek="});
      }
      lines.insert(
          lines.end(),
          {"S: $1 OK", "C: $2 CAPABILITY", "S: $2 OK",
           "C: $3 UID FETCH 7 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE "
           "FROM TO SUBJECT MESSAGE-ID LIST-ID)])",
           "S: * 1 FETCH (UID 7 BODY[HEADER.FIELDS (SUBJECT)] {15}\r\nSubject: canary)",
           "S: * 1 FETCH (UID 7 BODY[HEADER.FIELDS (SUBJECT)] \"Subject: canary\")", "S: $3 OK",
           "C: $4 UID FETCH 7 (UID BODY.PEEK[])", "S: * 1 FETCH (UID 7 BODY[] {3}\r\nabcanary)",
           "S: canary of a length that was wrong", "S: $4 OK"});
      Script script(lines);
      const auto session = open_session(script, settings, {"alice", imap::Secret("canary\xe9")});
      session->fetch_summaries({UidSet(Uid{7})}, [](const auto&) { return true; });
      RecordingSink sink;
      session->fetch_bodies(UidSet(Uid{7}), sink);
      CHECK(script.deviations() == Script::none);
    }
  }
  const std::string shown(text, size);
  ::free(text);
  CHECK(shown.find("UID FETCH 7") != std::string::npos);
  CHECK(shown.find("canary") == std::string::npos);
  CHECK(shown.find("Y2FuYXJ5") == std::string::npos);
  CHECK(shown.find("AGFsaWNl") == std::string::npos);
}

TEST_CASE("what was said before is no answer to whether the server still answers",
          "[session][failures]") {
  Script script(after_login("IMAP4rev1", {"C: $2 NOOP", "S: * 3 EXISTS", "S! silence"}));
  const auto session = open_session(script);  // which would wait for five seconds
  const auto begin = imap::Deadline::Clock::now();
  CHECK_FALSE(session->answers(imap::Deadline::after(std::chrono::milliseconds(100))));
  CHECK(imap::Deadline::Clock::now() - begin < std::chrono::seconds(4));
  CHECK_FALSE(session->is_usable());
}
