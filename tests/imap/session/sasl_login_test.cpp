// Logins by SASL against scripted servers: what is said, when it stops, and what follows a refusal.

#include "imap/base/errors.h"
#include "imap/net/tls_stream.h"
#include "imap/session/sasl/base64.h"
#include "imap/session/sasl/token_source.h"
#include "tests/support/catch.h"
#include "tests/support/scram_server.h"
#include "tests/support/sessions.h"
#include "tests/support/tls_server.h"

#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::string_literals;
using namespace imap;
using tests::open_session;
using tests::patient;
using tests::ScramServer;
using tests::Script;

namespace {

std::string base64(const std::string& text) {
  return std::string(base64_encoded(text).reveal());
}

/// Tokens one after the other; the last one again and again.
struct Tokens {
  explicit Tokens(std::vector<std::string> texts) : left(std::move(texts)) {}

  std::vector<std::string> left;
  int fetched = 0;
  TokenSource source{[this] {
    ++fetched;
    auto token = left.front();
    if (left.size() > 1) left.erase(left.begin());
    return Secret(std::move(token));
  }};
  Login login{"alice", Secret(), &source};
};

std::string xoauth2(const std::string& token) {
  return base64(
      "user=alice\x01"
      "auth=Bearer " +
      token + "\x01\x01");
}

const std::string kExpired = base64(R"({"status":"invalid_token","scope":"mail"})");

std::string refusal(Script& script, const Login& login = tests::alice()) {
  try {
    open_session(script, patient(), login);
    return "";
  } catch (const AuthenticationError& error) {
    return error.what();
  }
}

Script::Lines then_capability(Script::Lines lines, const std::string& tag = "$9") {
  lines.push_back("C: " + tag + " CAPABILITY");
  lines.push_back("S: " + tag + " OK");
  return lines;
}

/// A server over TLS that begins a SCRAM login and then goes on as the test says.
class ScramPeer {
 public:
  ScramPeer(tests::TlsPeer& peer, const std::string& capabilities, const std::string& name = "hi")
      : peer_(peer) {
    peer_.write("* OK [CAPABILITY IMAP4rev1 SASL-IR " + capabilities + "] " + name + "\r\n");
    const auto command = line();
    tag_ = command.substr(0, command.find(' '));
    method = command.substr(tag_.size() + 1, command.rfind(' ') - tag_.size() - 1);
    first = decoded(command.substr(command.rfind(' ') + 1));
  }

  std::string line() {
    std::string text;
    while (!text.ends_with("\r\n")) {
      const auto next = peer_.read(1);
      if (next.empty()) return text;
      text += next;
    }
    return text.substr(0, text.size() - 2);
  }
  static std::string decoded(const std::string& text) { return base64_decoded(text).value(); }
  void challenge(const std::string& octets) { raw("+ " + base64(octets)); }
  void raw(const std::string& text) { peer_.write(text + "\r\n"); }
  void answer(const std::string& text) { raw(tag_ + " " + text); }
  /// Answers whatever comes next with OK: CAPABILITY.
  void accept_next() {
    const auto command = line();
    raw(command.substr(0, command.find(' ')) + " OK");
  }

  std::string method;
  std::string first;

 private:
  tests::TlsPeer& peer_;
  std::string tag_;
};

/// What came of the login of alice, whose password is "secret": "ok", or the kind of error.
std::string outcome(const tests::TlsServer::Script& script, int newest = TLS1_3_VERSION,
                    std::optional<LoginMethod> forced = {}) {
  const auto identity = tests::self_signed({});
  const tests::TemporaryFile ca_file(tests::pem(identity));
  const TlsContext context(TlsSettings{ca_file.path()});
  const WakeFd abort;
  tests::TlsServer server(identity, script, newest);
  std::string result = "ok";
  try {
    auto stream = TlsStream::handshake(server.take_client(), context, "imap.example.com",
                                       tests::soon(), abort);
    auto login = tests::alice();
    login.method = forced;
    Session::open(std::move(stream), login, patient());
  } catch (const AuthenticationError&) {
    result = "refused";
  } catch (const ProtocolError&) {
    result = "nonsense";
  } catch (const ConnectionError&) {
    result = "unreachable";
  }
  const auto failure = server.finish();
  return failure.empty() ? result : failure;
}

/// A right SCRAM server that proves what it has to; what it saw is left in `method` and `bound`.
struct RightServer {
  std::string capabilities;
  std::string method;
  std::string bound;
  std::string exported;
  std::string name = "hi";

  void operator()(tests::TlsPeer& tls) {
    exported = tls.binding();
    ScramPeer peer(tls, capabilities, name);
    method = peer.method;
    ScramServer scram(method.find("SHA-1") == std::string::npos ? "SHA256" : "SHA1", "secret",
                      "salt", 4096);
    peer.challenge(scram.first(peer.first, "more"));
    const auto last = ScramPeer::decoded(peer.line());
    bound = ScramServer::bound(last);
    if (!scram.accepts(last)) return peer.answer("NO [AUTHENTICATIONFAILED] wrong proof");
    peer.challenge(scram.final_message(last));
    if (!peer.line().empty()) return peer.answer("BAD not empty");
    peer.answer("OK");
    peer.accept_next();
  }
};

}  // namespace

TEST_CASE("SCRAM logs in, bound to TLS 1.3 where the server offers it", "[session][sasl]") {
  RightServer server{"AUTH=PLAIN AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS", {}, {}, {}};
  CHECK(outcome(std::ref(server)) == "ok");
  CHECK(server.method == "AUTHENTICATE SCRAM-SHA-256-PLUS");
  CHECK(server.bound == "p=tls-exporter,," + server.exported);
}

TEST_CASE("SCRAM is bound to TLS 1.2, too", "[session][sasl]") {
  RightServer server{"AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-1", {}, {}, {}};
  CHECK(outcome(std::ref(server), TLS1_2_VERSION) == "ok");
  CHECK(server.method == "AUTHENTICATE SCRAM-SHA-1-PLUS");
  CHECK(server.bound == "p=tls-unique,," + server.exported);
}

TEST_CASE("Cyrus binds by tls-unique alone: over TLS 1.3 it is not bound", "[session][sasl]") {
  const auto* const name = "mail.example.org Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u3 server ready";
  const auto login = [&](int newest, std::optional<LoginMethod> forced = {}) {
    RightServer server{"AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS", {}, {}, {}, name};
    CHECK(outcome(std::ref(server), newest, forced) == "ok");
    return server.method + ' ' + server.bound.substr(0, server.bound.find(",,"));
  };
  CHECK(login(TLS1_3_VERSION) == "AUTHENTICATE SCRAM-SHA-256 n");
  CHECK(login(TLS1_2_VERSION) == "AUTHENTICATE SCRAM-SHA-256-PLUS p=tls-unique");
  CHECK(login(TLS1_3_VERSION, LoginMethod::scram_sha_256_plus) ==
        "AUTHENTICATE SCRAM-SHA-256-PLUS p=tls-exporter");
}

TEST_CASE("whether a server cannot bind is asked where no greeting tells", "[session][sasl]") {
  // As after STARTTLS, when what was said before is forgotten.
  const auto login = [](const std::string& id) {
    std::string said;
    CHECK(outcome([&](tests::TlsPeer& tls) {
            const auto line = [&tls] {
              std::string text;
              while (!text.ends_with("\r\n")) text += tls.read(1);
              return text;
            };
            tls.write(
                "* OK [CAPABILITY SASL-IR ID AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS]\r\n");
            const auto asked = line();
            tls.write(id + asked.substr(0, asked.find(' ')) + " OK\r\n");
            const auto begun = line();
            const auto message = begun.substr(begun.rfind(' ') + 1);
            said = begun.substr(begun.find(' ') + 1, begun.rfind(' ') - begun.find(' ')) +
                   ScramPeer::decoded(message.substr(0, message.size() - 2)).substr(0, 2);
            tls.write(begun.substr(0, begun.find(' ')) + " NO [AUTHENTICATIONFAILED] no\r\n");
          }) == "refused");
    return said;
  };
  CHECK(login("* ID (\"name\" \"Cyrus IMAP\")\r\n") == "AUTHENTICATE SCRAM-SHA-256 n,");
  CHECK(login("* ID NIL\r\n") == "AUTHENTICATE SCRAM-SHA-256-PLUS p=");
}

TEST_CASE("SCRAM without binding says that the server offered none", "[session][sasl]") {
  for (const auto* name : {"SCRAM-SHA-256", "SCRAM-SHA-1"}) {
    RightServer server{"AUTH=PLAIN AUTH="s + name, {}, {}, {}};
    CHECK(outcome(std::ref(server)) == "ok");
    CHECK(server.method == "AUTHENTICATE "s + name);
    CHECK(server.bound == "y,,");
  }
}

TEST_CASE("a SCRAM server that does not prove itself is left", "[session][sasl]") {
  const auto with = [](const std::function<void(ScramPeer&, ScramServer&)>& go_on) {
    return outcome([&](tests::TlsPeer& tls) {
      ScramPeer peer(tls, "AUTH=SCRAM-SHA-256 AUTH=PLAIN");
      ScramServer scram("SHA256", "secret", "salt", 4096);
      go_on(peer, scram);
      if (!peer.line().empty()) throw std::runtime_error("the client said more");
    });
  };
  const auto expect = [](ScramPeer& peer, const std::string& wanted) {
    const auto got = peer.line();
    if (got != wanted) throw std::runtime_error("the client said " + got);
  };
  // Accepts before it was told or proved anything.
  CHECK(with([](ScramPeer& peer, ScramServer&) { peer.answer("OK"); }) == "refused");
  // Accepts without its signature.
  CHECK(with([](ScramPeer& peer, ScramServer& scram) {
          peer.challenge(scram.first(peer.first, "more"));
          peer.line();
          peer.answer("OK");
        }) == "refused");
  // Another one's signature.
  CHECK(with([&](ScramPeer& peer, ScramServer& scram) {
          peer.challenge(scram.first(peer.first, "more"));
          peer.line();
          peer.challenge("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
          expect(peer, "*");
        }) == "refused");
  // More rounds of hashing than anybody needs.
  CHECK(with([&](ScramPeer& peer, ScramServer& scram) {
          auto first = scram.first(peer.first, "more");
          peer.challenge(first.replace(first.find("i=4096"), 6, "i=4000000000"));
          expect(peer, "*");
        }) == "nonsense");
  // Not base64; and a line of the longest that is read at all.
  for (const auto& text : {"!!!"s, "AAA"s, std::string(60'001, 'A'), "AA==AA=="s}) {
    CHECK(with([&](ScramPeer& peer, ScramServer&) {
            peer.raw("+ " + text);
            expect(peer, "*");
          }) == "nonsense");
  }
  CHECK(with([&](ScramPeer& peer, ScramServer&) { peer.raw("+ " + std::string(70'000, 'A')); }) ==
        "nonsense");
}

TEST_CASE("a password that SCRAM refuses is not shown to the server readable", "[session][sasl]") {
  for (const auto* answer : {"NO [AUTHENTICATIONFAILED] no", "NO", "BAD no", "NO [CANNOT] no"}) {
    CHECK(outcome([&](tests::TlsPeer& tls) {
            ScramPeer peer(tls, "AUTH=SCRAM-SHA-256 AUTH=PLAIN");
            ScramServer scram("SHA256", "another", "salt", 4096);
            peer.challenge(scram.first(peer.first, "more"));
            peer.line();
            peer.answer(answer);
            if (!peer.line().empty()) throw std::runtime_error("the client said more");
          }) == "refused");
  }
}

TEST_CASE("a binding that is refused is not gone without", "[session][sasl]") {
  for (const auto* answer : {"NO [AUTHENTICATIONFAILED] no", "BAD no", "NO [CANNOT] no"}) {
    CHECK(outcome([&](tests::TlsPeer& tls) {
            ScramPeer peer(tls, "AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN");
            peer.answer(answer);
            if (!peer.line().empty()) throw std::runtime_error("the client said more");
          }) == "refused");
  }
}

TEST_CASE("a method that the server cannot use gives way to the next", "[session][sasl]") {
  const auto* const plain = "AGFsaWNlAHNlY3JldA==";  // NUL alice NUL secret
  for (const auto* answer : {"BAD what is SCRAM", "NO [CANNOT] it is broken"}) {
    Script script({"S: * OK [CAPABILITY AUTH=SCRAM-SHA-256 AUTH=PLAIN] hi",
                   "C: $1 AUTHENTICATE SCRAM-SHA-256", "S: $1 "s + answer,
                   "C: $2 AUTHENTICATE PLAIN", "S: +", "C: "s + plain, "S: $2 OK",
                   "C: $3 CAPABILITY", "S: $3 OK"});
    CHECK(refusal(script) == "");
    CHECK(script.deviations() == Script::none);
  }
  Script refused({"S: * OK [CAPABILITY AUTH=SCRAM-SHA-256 AUTH=PLAIN] hi",
                  "C: $1 AUTHENTICATE SCRAM-SHA-256", "S: $1 NO go away"});
  CHECK(refusal(refused) != "");
  CHECK(refused.deviations() == Script::none);
  Script said({"S: * OK [CAPABILITY SASL-IR AUTH=PLAIN AUTH=LOGIN] hi",
               "C: $1 AUTHENTICATE PLAIN "s + plain, "S: $1 BAD what"});
  CHECK(refusal(said) != "");
  CHECK(said.deviations() == Script::none);
}

TEST_CASE("LOGIN answers two questions", "[session][sasl]") {
  for (const auto* capabilities : {"AUTH=LOGIN", "AUTH=LOGIN SASL-IR LOGINDISABLED"}) {
    Script script(then_capability(
        {"S: * OK [CAPABILITY "s + capabilities + "] hi", "C: $1 AUTHENTICATE LOGIN",
         "S: + VXNlciBOYW1lAA==", "C: YWxpY2U=", "S: + UGFzc3dvcmQA", "C: c2VjcmV0", "S: $1 OK"}));
    CHECK(refusal(script) == "");
    CHECK(script.deviations() == Script::none);
  }
  Script early({"S: * OK [CAPABILITY AUTH=LOGIN] hi", "C: $1 AUTHENTICATE LOGIN",
                "S: + VXNlciBOYW1lAA==", "C: YWxpY2U=", "S: $1 OK"});
  CHECK(refusal(early) != "");
  CHECK(early.deviations() == Script::none);
}

TEST_CASE("a shared mailbox is opened by the LOGIN command", "[session][sasl]") {
  Script script(then_capability({"S: * OK [CAPABILITY AUTH=PLAIN AUTH=LOGIN SASL-IR] hi",
                                 R"(C: $1 LOGIN "a\\shared" "secret")", "S: $1 OK"}));
  CHECK(refusal(script, {"a\\shared", Secret("secret")}) == "");
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a token logs in by OAUTHBEARER", "[session][sasl]") {
  Tokens tokens({"t1"});
  const auto message = base64(
      "n,a=alice,\x01"
      "auth=Bearer t1\x01\x01");
  Script script(
      then_capability({"S: * OK [CAPABILITY SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER] hi",
                       "C: $1 AUTHENTICATE OAUTHBEARER " + message, "S: $1 OK"}));
  CHECK(refusal(script, tokens.login) == "");
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 1);
}

TEST_CASE("a token that has expired is fetched anew, once", "[session][sasl]") {
  Tokens tokens({"t1", "t2"});
  Script script(then_capability({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                                 "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1"), "S: + " + kExpired,
                                 "C: ", "S: $1 NO [AUTHENTICATIONFAILED] no",
                                 "C: $2 AUTHENTICATE XOAUTH2 " + xoauth2("t2"), "S: $2 OK"}));
  CHECK(refusal(script, tokens.login) == "");
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 2);
  CHECK(tokens.source.token().reveal() == "t2");
}

TEST_CASE("a second token that is refused is the end", "[session][sasl]") {
  Tokens tokens({"t1", "t2"});
  const auto bearer = [](const std::string& token) {
    return base64(
        "n,a=alice,\x01"
        "auth=Bearer " +
        token + "\x01\x01");
  };
  Script script({"S: * OK [CAPABILITY SASL-IR AUTH=OAUTHBEARER AUTH=XOAUTH2] hi",
                 "C: $1 AUTHENTICATE OAUTHBEARER " + bearer("t1"), "S: + " + kExpired,
                 "C: AQ==", "S: $1 NO [AUTHENTICATIONFAILED] no",
                 "C: $2 AUTHENTICATE OAUTHBEARER " + bearer("t2"), "S: + " + kExpired,
                 "C: AQ==", "S: $2 NO [EXPIRED] no"});
  const auto text = refusal(script, tokens.login);
  CHECK(text.find("invalid_token (scope: mail)") != std::string::npos);
  CHECK(text.find("t2") == std::string::npos);
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 2);
}

TEST_CASE("a command that prints the same token again is not tried twice", "[session][sasl]") {
  Tokens tokens({"t1"});
  Script script({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                 "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1"), "S: $1 NO no"});
  CHECK(refusal(script, tokens.login) != "");
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 2);
}

TEST_CASE("a busy server costs no token", "[session][sasl]") {
  Tokens tokens({"t1"});
  Script script({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                 "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1"), "S: $1 NO [UNAVAILABLE] later"});
  CHECK_THROWS_AS(open_session(script, patient(), tokens.login), ConnectionError);
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.source.token().reveal() == "t1");
  CHECK(tokens.fetched == 1);
}

TEST_CASE("a server that goes on after a refused token, or accepts it, is left",
          "[session][sasl]") {
  Tokens tokens({"t1"});
  Script again({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1"), "S: + " + kExpired,
                "C: ", "S: + " + kExpired, "C: *"});
  CHECK_THROWS_AS(open_session(again, patient(), tokens.login), ProtocolError);
  CHECK(again.deviations() == Script::none);
  Script accepts({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                  "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1"), "S: + " + kExpired,
                  "C: ", "S: $1 OK"});
  CHECK(refusal(accepts, tokens.login) != "");
}

TEST_CASE("a long token, or one without SASL-IR, goes as a continuation", "[session][sasl]") {
  for (const auto& [capability, token] :
       {std::pair("SASL-IR"s, std::string(2000, 't')), std::pair("IDLE"s, "t1"s)}) {
    Tokens tokens({token});
    Script script(then_capability({"S: * OK [CAPABILITY AUTH=XOAUTH2 " + capability + "] hi",
                                   "C: $1 AUTHENTICATE XOAUTH2", "S: + ", "C: " + xoauth2(token),
                                   "S: $1 OK"}));
    CHECK(refusal(script, tokens.login) == "");
    CHECK(script.deviations() == Script::none);
  }
}

TEST_CASE("OAUTHBEARER that the server does not know gives way to XOAUTH2", "[session][sasl]") {
  Tokens tokens({"t1"});
  Script script(
      then_capability({"S: * OK [CAPABILITY AUTH=XOAUTH2 AUTH=OAUTHBEARER] hi",
                       "C: $1 AUTHENTICATE OAUTHBEARER", "S: $1 BAD what",
                       "C: $2 AUTHENTICATE XOAUTH2", "S: + ", "C: " + xoauth2("t1"), "S: $2 OK"}));
  CHECK(refusal(script, tokens.login) == "");
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 1);
}

TEST_CASE("a token is sent to nobody who takes only passwords", "[session][sasl]") {
  Tokens tokens({"t1"});
  Script script({"S: * OK [CAPABILITY AUTH=PLAIN AUTH=LOGIN] hi"});
  CHECK(refusal(script, tokens.login) != "");
  CHECK(script.deviations() == Script::none);
  CHECK(tokens.fetched == 0);
}

TEST_CASE("nothing secret of a login gets into the trace", "[session][sasl]") {
  const tests::TemporaryFile file("");
  {
    const Trace trace(std::fopen(file.path().c_str(), "w"));
    auto settings = patient();
    settings.trace = &trace;
    Tokens tokens({"t1canary"});
    Script script({"S: * OK [CAPABILITY SASL-IR AUTH=XOAUTH2] hi",
                   "C: $1 AUTHENTICATE XOAUTH2 " + xoauth2("t1canary"), "S: + " + kExpired,
                   "C: ", "S: $1 NO no"});
    CHECK_THROWS_AS(open_session(script, settings, tokens.login), AuthenticationError);
  }
  std::ifstream stream(file.path());
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  CHECK(text.find("AUTHENTICATE XOAUTH2 ***") != std::string::npos);
  for (const auto& secret : {"t1canary"s, xoauth2("t1canary"), kExpired}) {
    CHECK(text.find(secret) == std::string::npos);
  }
}
