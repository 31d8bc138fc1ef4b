// Whoever sits between client and server before TLS: strips, injects, cuts. Nothing secret is said.
#include "imap/base/errors.h"
#include "imap/net/tls_context.h"
#include "tests/imap/hostile/watchdog.h"
#include "tests/support/catch.h"
#include "tests/support/plain_server.h"
#include "tests/support/sessions.h"

#include <string>
#include <vector>

using namespace std::string_literals;

namespace {

using Lines = std::vector<std::string>;

const std::string kGreeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] hi\r\n";

/// The client meets a server that says this, and hangs up when it has nothing more to say.
void check_refused(const Lines& lines) {
  std::string shown;
  for (const auto& line : lines) shown += line;
  INFO(shown);
  const tests::Watchdog watchdog;
  tests::PlainServer server(lines,
                            [](imap::UniqueFd& socket) { ::shutdown(socket.get(), SHUT_WR); });
  const imap::WakeFd abort;
  static const imap::TlsContext kTls{imap::TlsSettings{}};
  CHECK_THROWS_AS(imap::Session::open({"127.0.0.1", server.port(), imap::TlsMode::starttls},
                                      tests::alice(), &kTls, tests::patient(), abort),
                  imap::Error);
  const auto& heard = server.heard();
  CHECK(heard.find("AUTHENTICATE") == std::string::npos);
  CHECK(heard.find("LOGIN") == std::string::npos);
}

}  // namespace

TEST_CASE("STARTTLS that is stripped, refused or made impossible is no login",
          "[session][hostile]") {
  const auto refused = std::vector<Lines>{
      {"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n"},
      {"* OK [CAPABILITY IMAP4rev1 XSTARTTLS AUTH=PLAIN] hi\r\n"},
      {"* OK [CAPABILITY IMAP4rev1 STARTTLS= AUTH=PLAIN] hi\r\n"},
      {"* OK hi\r\n", "> OK\r\n"},
      {"* OK hi\r\n", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", "> OK\r\n"},
      {"* OK hi\r\n", "> NO\r\n"},
      {"* PREAUTH hi\r\n"},
      {"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"},
      {"* BYE go\r\n"},
      {kGreeting, "> NO\r\n"},
      {kGreeting, "> BAD\r\n"},
      {kGreeting, "> BYE\r\n"},
      {kGreeting, "> PREAUTH\r\n"},
      {kGreeting, "* BYE\r\n"},
      {kGreeting, "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", "> NO\r\n"},
      {kGreeting, "X1 OK begin\r\n"},
      {kGreeting, "+ go\r\n+ go\r\n"},
  };
  for (const auto& lines : refused) check_refused(lines);
}

TEST_CASE("what is injected before TLS begins ends the session", "[session][hostile]") {
  for (const auto& injected :
       {"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"s, "A1 OK\r\n"s, "* PREAUTH x\r\n"s, "*"s, "\r\n"s,
        "+ \r\n"s, "* OK {5}\r\nhello"s, "* 1 FETCH (BODY[] {5}\r\nhel"s, std::string(1, '\0'),
        std::string(300'000, 'x')}) {
    check_refused({kGreeting, "> OK begin\r\n" + injected});
  }
}

TEST_CASE("a session cut anywhere before TLS begins is an error", "[session][hostile]") {
  for (std::size_t at = 0; at <= kGreeting.size(); ++at) check_refused({kGreeting.substr(0, at)});
  const auto answer = "> OK begin\r\n"s;
  for (std::size_t at = 1; at <= answer.size(); ++at)
    check_refused({kGreeting, answer.substr(0, at)});
}
