#include "imap/session/sasl/oauth.h"

#include "imap/base/errors.h"
#include "imap/session/sasl/base64.h"
#include "imap/session/sasl/gnu_sasl.h"
#include "tests/support/catch.h"

#include <string>

using namespace std::string_literals;
using namespace imap;

namespace {

std::string said(const Secret& message) {
  return std::string(message.reveal());
}

}  // namespace

TEST_CASE("OAUTHBEARER says what the example of RFC 7628 says", "[sasl]") {
  const Secret token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
  const auto mechanism = make_oauthbearer("user@example.com", "server.example.com", 143, token);
  const auto message = mechanism->initial().value();
  CHECK(said(message) ==
        "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
        "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01");
  CHECK(said(base64_encoded(message.reveal())) ==
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
  CHECK(mechanism->is_complete());
}

TEST_CASE("a refused token is acknowledged, or the server would wait for ever", "[sasl]") {
  const auto json = R"({"status":"invalid_token","scope":"example_scope"})"s;
  const auto bearer = make_oauthbearer("u", "", 0, Secret("token"));
  static_cast<void>(bearer->initial());
  CHECK(said(bearer->respond(json)) == "\x01");
  CHECK(bearer->refusal() == "invalid_token (scope: example_scope)");
  CHECK_FALSE(bearer->is_complete());
  CHECK_THROWS_AS(bearer->respond(json), ProtocolError);

  const auto google = make_xoauth2("u", Secret("token"));
  CHECK(said(google->initial().value()) ==
        "user=u\x01"
        "auth=Bearer token\x01\x01");
  CHECK(said(google->respond(R"({"status":"400","schemes":"Bearer"})")) == "");
  CHECK(google->refusal() == "400");
}

TEST_CASE("a name cannot end the header of OAUTHBEARER", "[sasl]") {
  const auto mechanism = make_oauthbearer("a,b=c", "", 0, Secret("t"));
  CHECK(said(mechanism->initial().value()) ==
        "n,a=a=2Cb=3Dc,\x01"
        "auth=Bearer t\x01\x01");
}

TEST_CASE("what is no token is not sent", "[sasl]") {
  for (const auto& text : {""s, "two words"s, "a\x01host=evil"s, "t\xc3\xb6ken"s, "\"quoted\""s}) {
    CHECK_THROWS_AS(make_oauthbearer("u", "h", 1, Secret(text)), AuthenticationError);
    CHECK_THROWS_AS(make_xoauth2("u", Secret(text)), AuthenticationError);
  }
}

TEST_CASE("the reason in a server's JSON is found and escaped", "[sasl]") {
  CHECK(oauth_failure(R"({"status":"invalid_request"})") == "invalid_request");
  CHECK(oauth_failure(" { \"schemes\" : \"Bearer\" ,\n\"status\": \"401\" , \"scope\":\"a b\"}") ==
        "401 (scope: a b)");
  CHECK(oauth_failure("{\"status\":\"\x1b[2J\\\"\\u001b\"}") == "?[2J\"?u001b");
  CHECK(oauth_failure("{\"status\":\"" + std::string(9000, 'x') + "\"}").size() == 200);
  for (const auto* json :
       {"", "{", "{}", "[]", "null", "{\"status\"", "{\"status\":", "{\"status\":4",
        "{\"status\":\"open", "{\"status\":\"open\\", "{\"scope\":\"x\"}"}) {
    CHECK(oauth_failure(json) == "");
  }
}

TEST_CASE("base64 is strict", "[sasl]") {
  CHECK(base64_decoded("") == "");
  CHECK(base64_decoded("AQ==") == "\x01");
  CHECK(base64_decoded("AAE=") == "\0\x01"s);
  CHECK(base64_decoded("/+8A") == "\xff\xef\0"s);
  for (const auto* text :
       {"A", "AQ", "AQ=", "AQ= ", "A===", "====", "AQ==AQ==", "A Q=", "AQ-_", "AQ\r\n"}) {
    CHECK(base64_decoded(text) == std::nullopt);
  }
  for (const auto& octets : {""s, "a"s, "ab"s, "abc"s, "\0\xff"s}) {
    CHECK(base64_decoded(base64_encoded(octets).reveal()) == octets);
  }
}

TEST_CASE("PLAIN, LOGIN and EXTERNAL say what their RFCs say", "[sasl]") {
  const auto make = [](LoginMethod method) {
    return make_gnu_sasl(method, {"tim", Secret("tanstaaftanstaaf"), ""});
  };
  const auto plain = make(LoginMethod::plain);  // RFC 4616 section 4
  CHECK(said(plain->initial().value()) == "\0tim\0tanstaaftanstaaf"s);
  CHECK(plain->is_complete());
  CHECK(plain->has_used_secret());

  const auto login = make(LoginMethod::login);
  CHECK_FALSE(login->initial().has_value());
  CHECK(said(login->respond("User Name")) == "tim");
  CHECK_FALSE(login->has_used_secret());
  CHECK_FALSE(login->is_complete());
  CHECK(said(login->respond("Password")) == "tanstaaftanstaaf");
  CHECK(login->has_used_secret());
  CHECK(login->is_complete());

  const auto external = make(LoginMethod::external);
  CHECK(said(external->initial().value()) == "tim");
  CHECK(external->is_complete());
  CHECK_FALSE(external->has_used_secret());
}
