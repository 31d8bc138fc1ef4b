#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using namespace std::string_literals;
using imap::AuthenticationError;
using imap::ConnectionError;
using tests::alice;
using tests::open_session;
using tests::patient;
using tests::Script;

namespace {

const std::string kPlain = "AGFsaWNlAHNlY3JldA==";  // NUL alice NUL secret

Script::Lines with(Script::Lines lines, const Script::Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

const Script::Lines kCapabilities2{"C: $2 CAPABILITY", "S: * CAPABILITY IMAP4rev1", "S: $2 OK"};
const Script::Lines kCapabilities3{"C: $3 CAPABILITY", "S: * CAPABILITY IMAP4rev1", "S: $3 OK"};

imap::Login login_of(const std::string& user, const std::string& password) {
  return {user, imap::Secret(password)};
}

}  // namespace

TEST_CASE("capabilities in the greeting are not asked for again before login", "[session][login]") {
  Script script(with({"S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi",
                      "C: $1 AUTHENTICATE PLAIN " + kPlain, "S: $1 OK welcome"},
                     kCapabilities2));
  CHECK(open_session(script)->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("capabilities that the greeting lacks are asked for", "[session][login]") {
  Script script(with(
      {"S: * OK hi", "C: $1 CAPABILITY", "S: * CAPABILITY IMAP4rev1", "S: * CAPABILITY AUTH=PLAIN",
       "S: $1 OK", "C: $2 AUTHENTICATE PLAIN", "S: + ", "C: " + kPlain, "S: $2 OK"},
      kCapabilities3));
  open_session(script);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a banner ahead of the greeting is skipped", "[session][login]") {
  Script script({"S: Welcome to the machine", "S:  second line", "S: * 3 EXISTS", "S: * PREAUTH hi",
                 "C: $1 CAPABILITY", "S: $1 OK"});
  open_session(script);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a server that turns us away is not reachable", "[session][login]") {
  for (const auto* greeting : {"* BYE too busy", "* NO not today", "* BAD what"}) {
    Script script({"S: "s + greeting});
    CHECK_THROWS_AS(open_session(script), ConnectionError);
    CHECK(script.deviations() == Script::none);
  }
}

TEST_CASE("an endless banner is given up", "[session][login]") {
  Script::Lines lines(30, "S: nothing that makes sense");
  lines.emplace_back("S! silence");
  Script script(lines);
  CHECK_THROWS_AS(open_session(script), ConnectionError);
}

TEST_CASE("nothing is sent to log in after PREAUTH", "[session][login]") {
  Script script({"S: * PREAUTH [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "C: $1 CAPABILITY",
                 "S: * CAPABILITY IMAP4rev1 IDLE", "S: $1 OK"});
  CHECK(open_session(script)->capabilities().has("IDLE"));
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("long credentials go as a continuation", "[session][login]") {
  const std::string password(900, 'p');
  Script script({"S: * OK [CAPABILITY SASL-IR AUTH=PLAIN] hi", "C: $1 AUTHENTICATE PLAIN",
                 "S: $1 NO enough"});
  CHECK_THROWS_AS(open_session(script, patient(), login_of("alice", password)),
                  AuthenticationError);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a server that ignores the initial response is told to stop", "[session][login]") {
  Script script({"S: * OK [CAPABILITY SASL-IR AUTH=PLAIN] hi", "C: $1 AUTHENTICATE PLAIN " + kPlain,
                 "S: + eyJzdGF0dXMiOiI0MDAifQ==", "C: *", "S: $1 NO [AUTHENTICATIONFAILED] no"});
  CHECK_THROWS_AS(open_session(script), AuthenticationError);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a NUL in user or password never reaches the server", "[session][login]") {
  for (const auto& login : {login_of("alice\0bob"s, "secret"), login_of("alice", "se\0cret"s)}) {
    for (const auto* capability : {"AUTH=PLAIN SASL-IR", "IMAP4rev1"}) {
      Script script({"S: * OK [CAPABILITY "s + capability + "] hi"});
      CHECK_THROWS_AS(open_session(script, patient(), login), AuthenticationError);
      CHECK(script.deviations() == Script::none);
    }
  }
}

TEST_CASE("LOGIN quotes user and password", "[session][login]") {
  Script script(
      with({"S: * OK [CAPABILITY IMAP4rev1] hi", R"(C: $1 LOGIN "a \"b" "c\\d")", "S: $1 OK"},
           kCapabilities2));
  open_session(script, patient(), login_of("a \"b", "c\\d"));
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("LOGIN sends a literal when the server asks for it", "[session][login]") {
  Script script(with({"S: * OK [CAPABILITY IMAP4rev1] hi", "C: $1 LOGIN {5}", "S: * 1 EXISTS",
                      "S: + go", "C+ us\xe9r1", "C:  {4}", "S: +", "C+ p\xe9ss", "C: ", "S: $1 OK"},
                     kCapabilities2));
  open_session(script, patient(), login_of("us\xe9r1", "p\xe9ss"));
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("LOGIN sends literals at once where that is allowed", "[session][login]") {
  for (const auto* capability : {"LITERAL+", "LITERAL-", "literal-"}) {
    Script script(with({"S: * OK [CAPABILITY IMAP4rev1 "s + capability + "] hi",
                        "C: $1 LOGIN \"alice\" {5+}", "C+ p\xe9ss1", "C: ", "S: $1 OK"},
                       kCapabilities2));
    open_session(script, patient(), login_of("alice", "p\xe9ss1"));
    CHECK(script.deviations() == Script::none);
  }
}

TEST_CASE("LITERAL- does not cover more than 4096 octets", "[session][login]") {
  const std::string password = "\xe9" + std::string(4096, 'p');
  Script script({"S: * OK [CAPABILITY IMAP4rev1 LITERAL-] hi", "C: $1 LOGIN \"alice\" {4097}",
                 "S: $1 NO [TOOBIG] no"});
  CHECK_THROWS_AS(open_session(script, patient(), login_of("alice", password)),
                  AuthenticationError);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("nothing is sent where login is disabled", "[session][login]") {
  Script script({"S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi"});
  CHECK_THROWS_AS(open_session(script), AuthenticationError);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a refused login is told from a busy server", "[session][login]") {
  const auto answered = [](const std::string& answer, const std::string& capability) {
    const bool plain = capability == "AUTH=PLAIN SASL-IR";
    Script script(
        {"S: * OK [CAPABILITY " + capability + "] hi",
         plain ? "C: $1 AUTHENTICATE PLAIN " + kPlain : "C: $1 LOGIN \"alice\" \"secret\"",
         "S: $1 " + answer});
    std::string kind = "nothing";
    try {
      open_session(script);
    } catch (const AuthenticationError&) {
      kind = "refused";
    } catch (const ConnectionError&) {
      kind = "unreachable";
    }
    CHECK(script.deviations() == Script::none);
    return kind;
  };
  for (const auto* capability : {"AUTH=PLAIN SASL-IR", "IMAP4rev1"}) {
    CHECK(answered("NO [AUTHENTICATIONFAILED] no", capability) == "refused");
    CHECK(answered("NO", capability) == "refused");
    CHECK(answered("BAD no", capability) == "refused");
    CHECK(answered("NO [UNAVAILABLE] later", capability) == "unreachable");
    CHECK(answered("NO [LIMIT] too many", capability) == "unreachable");
    CHECK(answered("NO [INUSE] twice", capability) == "unreachable");
    CHECK(answered("NO [ALERT] Too many simultaneous connections. (Failure)", capability) ==
          "unreachable");
    CHECK(answered("NO Too many open connections", capability) == "unreachable");
    CHECK(answered("BYE too many", capability) == "unreachable");
  }
}

TEST_CASE("Exchange's belated refusal is a refusal", "[session][login]") {
  const auto text = "BAD User is authenticated but not connected."s;
  Script at_once({"S: * OK [CAPABILITY IMAP4rev1] hi", "C: $1 LOGIN \"alice\" \"secret\"",
                  "S: $1 OK", "C: $2 CAPABILITY", "S: $2 " + text});
  CHECK_THROWS_AS(open_session(at_once), AuthenticationError);
  CHECK(at_once.deviations() == Script::none);

  Script later(tests::after_login("IMAP4rev1", {"C: $2 EXAMINE \"INBOX\"", "S: $2 " + text}));
  const auto session = open_session(later);
  CHECK_THROWS_AS(session->examine("INBOX", imap::Session::Refresh::no), AuthenticationError);
  CHECK_FALSE(session->is_usable());
  CHECK(later.deviations() == Script::none);
}

TEST_CASE("ID is sent where it is offered, and its refusal costs nothing", "[session][login]") {
  Script script({"S: * PREAUTH [CAPABILITY IMAP4rev1 ID] hi", "C: $1 CAPABILITY",
                 "C: $2 ID (\"name\" \"imapfs\" \"version\" \"0.1\")",
                 "S: * CAPABILITY IMAP4rev1 ID", "S: $1 OK", "S: $2 BAD what"});
  CHECK(open_session(script)->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("ID is sent where it is offered only after login", "[session][login]") {
  Script script(tests::after_login(
      "ID", {"C: $2 ID (\"name\" \"imapfs\" \"version\" \"0.1\")", "S: * ID NIL", "S: $2 OK"}));
  CHECK(open_session(script)->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("what was offered before login does not count after it", "[session][login]") {
  for (const Script::Lines& answer :
       {Script::Lines{"S: $1 OK [CAPABILITY IMAP4rev1 UIDPLUS] welcome"},
        // Untagged, it may be what was said before (Gmail, Yandex).
        Script::Lines{"S: * CAPABILITY IMAP4rev1 LITERAL+", "S: $1 OK welcome", "C: $2 CAPABILITY",
                      "S: * CAPABILITY IMAP4rev1 UIDPLUS", "S: $2 OK"}}) {
    Script script(
        with({"S: * OK [CAPABILITY IMAP4rev1 LITERAL+] hi", "C: $1 LOGIN \"alice\" \"secret\""},
             answer));
    const auto session = open_session(script);
    CHECK_FALSE(session->capabilities().has("LITERAL+"));
    CHECK(session->capabilities().has("UIDPLUS"));
    CHECK(script.deviations() == Script::none);
  }
}

TEST_CASE("after a login that brings capabilities one round trip negotiates everything",
          "[session][login]") {
  Script script({"S: * OK [CAPABILITY IMAP4rev1] hi", "C: $1 LOGIN \"alice\" \"secret\"",
                 "S: $1 OK [CAPABILITY IMAP4rev1 ID ENABLE QRESYNC COMPRESS=DEFLATE] welcome",
                 "C: $2 ID (\"name\" \"imapfs\" \"version\" \"0.1\")", "C: $3 ENABLE QRESYNC",
                 "C: $4 COMPRESS DEFLATE", "S: * ID (\"name\" \"QQMail\")", "S: $2 OK",
                 "S: * ENABLED QRESYNC", "S: $3 OK", "S: $4 OK", "S! deflate", "C: $5 NOOP",
                 "S: $5 OK"});
  auto settings = patient();
  settings.compress = true;
  const auto session = open_session(script, settings);
  session->negotiate();
  CHECK(session->is_enabled("QRESYNC"));
  CHECK(session->quirks().most_uids == 50);  // of QQ, which said its name only now
  session->noop();
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a refused login that looked like none shows in the negotiation", "[session][login]") {
  const auto text = "BAD User is authenticated but not connected."s;
  Script script({"S: * OK [CAPABILITY IMAP4rev1] hi", "C: $1 LOGIN \"alice\" \"secret\"",
                 "S: $1 OK [CAPABILITY IMAP4rev1 ID] done",
                 "C: $2 ID (\"name\" \"imapfs\" \"version\" \"0.1\")", "S: $2 " + text});
  const auto session = open_session(script);
  CHECK_THROWS_AS(session->negotiate(), AuthenticationError);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a server that accepts before it was told everything is not trusted",
          "[session][login]") {
  // net-imap#664.
  Script script({"S: * OK [CAPABILITY AUTH=PLAIN] hi", "C: $1 AUTHENTICATE PLAIN", "S: $1 OK"});
  CHECK_THROWS_AS(open_session(script), imap::ProtocolError);
  CHECK(script.deviations() == Script::none);
}
