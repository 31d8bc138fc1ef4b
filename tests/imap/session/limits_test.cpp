// What is counted on a connection, at the limit and one beyond.
#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/deflate.h"
#include "tests/support/sessions.h"

#include <functional>
#include <string>

using namespace std::string_literals;
using imap::Connection;
using imap::ProtocolError;
using imap::Session;
using tests::after_login;
using tests::open_session;
using tests::Script;

namespace {

/// A session whose server says `count` lines, after what it has been asked; `act` makes it listen.
void hear(const Connection::Settings& settings, const Script::Lines& asked, std::size_t count,
          const std::string& line, const Script::Lines& then,
          const std::function<void(Session&)>& act) {
  auto lines = asked;
  lines.insert(lines.end(), count, line);
  lines.insert(lines.end(), then.begin(), then.end());
  Script script(after_login("IMAP4rev1 ESEARCH NOTIFY", lines));
  const auto session = open_session(script, settings);
  act(*session);
  CHECK(session->is_usable());
  CHECK(script.deviations() == Script::none);
}

void noop(Session& session) {
  session.noop();
}

}  // namespace

TEST_CASE("responses to one command are counted", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.responses = 5;
  const auto answer = [&](std::size_t count) {
    hear(settings, {"C: $2 NOOP"}, count, "S: * OK still here",
         {"S: $2 OK", "C: $3 NOOP", "S: * OK once more", "S: $3 OK"}, [](Session& session) {
           session.noop();
           session.noop();
         });
  };
  CHECK_NOTHROW(answer(4));  // the tagged one is the fifth
  CHECK_THROWS_AS(answer(6), ProtocolError);
}

TEST_CASE("octets of the responses to one command are counted", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.answer = 40;
  const auto answer = [&](const std::string& text) {
    hear(settings, {"C: $2 NOOP"}, 2, "S: * OK " + text, {"S: $2 OK"}, noop);
  };
  CHECK_NOTHROW(answer(std::string(15, 'x')));
  CHECK_THROWS_AS(answer(std::string(16, 'x')), ProtocolError);
}

TEST_CASE("what is said unasked is counted", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.unasked = 5;
  const imap::WakeFd wake;
  // The server hangs up behind what it says, in the first case too late to matter.
  const auto listen = [&](std::size_t count) {
    hear(settings, {}, count, "S: * 8 EXISTS", {"S! close"}, [&wake](Session& session) {
      while (true) {
        session.wait(imap::Deadline::after(std::chrono::seconds(5)), wake);
        session.digest();
      }
    });
  };
  CHECK_THROWS_WITH(listen(5), "the server closed the connection");
  CHECK_THROWS_AS(listen(6), ProtocolError);
}

TEST_CASE("what NOTIFY tells was asked for", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.unasked = 5;
  hear(settings,
       {"C: $2 NOTIFY SET STATUS (SELECTED (MessageNew MessageExpunge FlagChange)) "
        "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))",
        "S: $2 OK"},
       20, "S: * STATUS INBOX (MESSAGES 1)", {"C: $3 NOOP", "S: $3 OK"}, [](Session& session) {
         const imap::WakeFd wake;
         CHECK(session.notify());
         session.wait(imap::Deadline::after(std::chrono::seconds(5)), wake);
         session.digest();
         session.noop();
       });
}

TEST_CASE("lines before the greeting are counted", "[session][limits]") {
  auto settings = tests::patient();
  const auto greet = [&](std::size_t count) {
    std::string lines;
    for (std::size_t i = 0; i < count; ++i) lines += "* 1 EXISTS\r\n";
    Session::open(std::make_unique<tests::MemoryStream>(lines + "* PREAUTH hi\r\n"), tests::alice(),
                  settings);
  };
  const auto most = settings.limits.banner_lines;
  // The server hangs up behind its greeting, but it was heard.
  CHECK_THROWS_WITH(greet(most), "the server closed the connection");
  CHECK_THROWS_AS(greet(most + 1), ProtocolError);
}

TEST_CASE("a banner does not prolong the time for the greeting", "[session][limits]") {
  auto settings = tests::patient();
  settings.timeout = std::chrono::milliseconds(0);
  CHECK_THROWS_AS(Session::open(std::make_unique<tests::MemoryStream>("* 1 EXISTS\r\n* OK hi\r\n"),
                                tests::alice(), settings),
                  imap::TimeoutError);
}

TEST_CASE("challenges of one login have a length and a number", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.challenge = 8;
  settings.limits.challenges = 2;
  const auto log_in = [&](const std::vector<std::string>& challenges) {
    Script::Lines lines{"S: * OK [CAPABILITY AUTH=LOGIN] hi", "C: $1 AUTHENTICATE LOGIN"};
    for (const auto& challenge : challenges) {
      lines.push_back("S: + " + challenge);
      lines.emplace_back("C: YWxpY2U=");
      if (challenge == challenges.back()) lines.back() = "C: c2VjcmV0";
    }
    lines.insert(lines.end(), {"S: $1 OK", "C: $2 CAPABILITY", "S: $2 OK"});
    Script script(lines);
    auto login = tests::alice();
    login.method = imap::LoginMethod::login;
    open_session(script, settings, login);
  };
  CHECK_NOTHROW(log_in({"VXNlcjpx", "UGFzczpx"}));
  CHECK_THROWS_AS(log_in({"VXNlcjpx", "UGFzczpxeA=="}), ProtocolError);
  settings.limits.challenges = 1;
  CHECK_THROWS_AS(log_in({"VXNlcjpx", "UGFzczpx"}), ProtocolError);
}

TEST_CASE("results of one search do not add up beyond the bound", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.uid_ranges = 4;
  const auto search = [&](const Script::Lines& results) {
    Script::Lines lines{"C: $2 UID SEARCH RETURN (ALL) ALL"};
    lines.insert(lines.end(), results.begin(), results.end());
    lines.emplace_back("S: $2 OK");
    Script script(after_login("IMAP4rev1 ESEARCH", lines));
    return open_session(script, settings)->search_all().size();
  };
  CHECK(search({"S: * SEARCH 1 3", "S: * SEARCH 5 7"}) == 4);
  CHECK_THROWS_AS(search({"S: * SEARCH 1 3", "S: * SEARCH 5 7", "S: * SEARCH 9"}), ProtocolError);
}

TEST_CASE("what vanished does not add up beyond the bound", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.uid_ranges = 4;
  const auto examine = [&](const Script::Lines& said) {
    Script::Lines lines{"C: $2 EXAMINE \"INBOX\""};
    lines.insert(lines.end(), said.begin(), said.end());
    lines.emplace_back("S: $2 OK");
    Script script(after_login("IMAP4rev1", lines));
    open_session(script, settings)->examine("INBOX", Session::Refresh::no);
  };
  CHECK_NOTHROW(examine({"S: * VANISHED 1,3", "S: * VANISHED 5,7"}));
  CHECK_THROWS_AS(examine({"S: * VANISHED 1,3", "S: * VANISHED 5,7", "S: * VANISHED 9"}),
                  ProtocolError);
}

TEST_CASE("capabilities of several responses do not add up beyond the bound", "[session][limits]") {
  auto settings = tests::patient();
  settings.limits.capabilities = 4;
  settings.limits.capability = 5;
  Script script(
      after_login("A", {"C: $2 NOOP", "S: * CAPABILITY B TOOLONG C", "S: * CAPABILITY D E",
                        "S: $2 OK", "C: $3 NOOP", "S: $3 OK [CAPABILITY F LONGER G H I J]"}));
  const auto session = open_session(script, settings);
  session->noop();
  CHECK(session->capabilities().atoms() == std::set<std::string, std::less<>>{"A", "B", "C", "D"});
  session->noop();
  CHECK(session->capabilities().atoms() == std::set<std::string, std::less<>>{"F", "G", "H", "I"});
}
