#include "imap/session/sasl/scram.h"

#include "imap/base/errors.h"
#include "imap/session/sasl/base64.h"
#include "imap/session/sasl/gnu_sasl.h"
#include "tests/support/catch.h"
#include "tests/support/scram_server.h"

#include <memory>
#include <string>

using namespace std::string_literals;
using namespace imap;
using Catch::Matchers::StartsWith;
using tests::ScramServer;

namespace {

std::unique_ptr<SaslMechanism> client(LoginMethod method = LoginMethod::scram_sha_256,
                                      BindingFlag flag = BindingFlag::impossible,
                                      std::optional<ChannelBinding> binding = std::nullopt) {
  return make_scram(method, {"us,er=", Secret("pencil"), flag, std::move(binding), random_nonce()});
}

std::string said(const Secret& message) {
  return std::string(message.reveal());
}

ScramServer server(unsigned iterations = 4096) {
  return ScramServer("SHA256", "pencil", "salt", iterations);
}

/// What the client's first message begins with, and what it later says to have bound.
std::pair<std::string, std::string> binding_said(LoginMethod method, BindingFlag flag,
                                                 std::optional<ChannelBinding> binding) {
  const auto mechanism = client(method, flag, std::move(binding));
  const auto first = said(mechanism->initial().value());
  auto peer = server();
  const auto last = said(mechanism->respond(peer.first(first, "more")));
  return {first.substr(0, first.find("n=")), ScramServer::bound(last)};
}

}  // namespace

TEST_CASE("the test's SCRAM server agrees with the examples of RFC 5802 and 7677", "[sasl]") {
  ScramServer sha1("SHA1", "pencil", base64_decoded("QSXCR+Q6sek8bf92").value(), 4096);
  CHECK(sha1.first("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j") ==
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  const auto final1 =
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="s;
  CHECK(sha1.accepts(final1));
  CHECK(sha1.final_message(final1) == "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");

  ScramServer sha256("SHA256", "pencil", base64_decoded("W22ZaJ0SNY7soEsUEjb6gQ==").value(), 4096);
  CHECK(sha256.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0") ==
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  const auto final256 =
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjf"
      "MHgsqmmiz7AndVQ="s;
  CHECK(sha256.accepts(final256));
  CHECK(sha256.final_message(final256) == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("SCRAM says what the examples of RFC 5802 and 7677 say", "[sasl]") {
  const auto sha1 =
      make_scram(LoginMethod::scram_sha_1, {"user", Secret("pencil"), BindingFlag::impossible,
                                            std::nullopt, "fyko+d2lbbFgONRv9qkxdawL"});
  CHECK(said(sha1->initial().value()) == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  CHECK(said(sha1->respond(
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")) ==
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  CHECK(said(sha1->respond("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")) == "");
  CHECK(sha1->is_complete());

  const auto sha256 = make_scram(
      LoginMethod::scram_sha_256,
      {"user", Secret("pencil"), BindingFlag::impossible, std::nullopt, "rOprNGfwEbeRWgbNEkqO"});
  CHECK(said(sha256->initial().value()) == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  CHECK(said(sha256->respond("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                             "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")) ==
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjf"
        "MHgsqmmiz7AndVQ=");
  CHECK(said(sha256->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")) == "");
  CHECK(sha256->is_complete());
}

TEST_CASE("SCRAM proves the password and has the server prove it", "[sasl]") {
  for (const auto method : {LoginMethod::scram_sha_1, LoginMethod::scram_sha_256}) {
    const auto mechanism = client(method);
    ScramServer peer(method == LoginMethod::scram_sha_1 ? "SHA1" : "SHA256", "pencil", "salt",
                     5000);
    const auto first = said(mechanism->initial().value());
    CHECK_THAT(first, StartsWith("n,,n=us=2Cer=3D,r="));
    CHECK_FALSE(mechanism->has_used_secret());
    const auto last = said(mechanism->respond(peer.first(first, "more")));
    CHECK(peer.accepts(last));
    CHECK(mechanism->has_used_secret());
    CHECK_FALSE(mechanism->is_complete());
    CHECK(said(mechanism->respond(peer.final_message(last))) == "");
    CHECK(mechanism->is_complete());
    CHECK_THROWS_AS(mechanism->respond(""), ProtocolError);
  }
}

TEST_CASE("every login has a nonce of its own", "[sasl]") {
  CHECK(said(client()->initial().value()) != said(client()->initial().value()));
}

TEST_CASE("SCRAM says how it is bound to the connection", "[sasl]") {
  using Type = ChannelBinding::Type;
  const auto octets = std::string("\0\xff octets", 9);
  const ChannelBinding exporter{Type::tls_exporter, octets};
  const ChannelBinding unique{Type::tls_unique, octets};
  const auto plus = LoginMethod::scram_sha_256_plus;
  const auto bare = LoginMethod::scram_sha_256;
  CHECK(binding_said(plus, BindingFlag::used, exporter) ==
        std::pair("p=tls-exporter,,"s, "p=tls-exporter,," + octets));
  CHECK(binding_said(plus, BindingFlag::used, unique) ==
        std::pair("p=tls-unique,,"s, "p=tls-unique,," + octets));
  CHECK(binding_said(bare, BindingFlag::not_offered, exporter) == std::pair("y,,"s, "y,,"s));
  CHECK(binding_said(bare, BindingFlag::not_offered, unique) == std::pair("y,,"s, "y,,"s));
  CHECK(binding_said(bare, BindingFlag::impossible, exporter) == std::pair("n,,"s, "n,,"s));
  CHECK(binding_said(bare, BindingFlag::impossible, std::nullopt) == std::pair("n,,"s, "n,,"s));
}

TEST_CASE("a server that does not know the password is found out", "[sasl]") {
  for (const auto& wrong :
       {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="s, "v="s, ""s, "x=1"s}) {
    const auto mechanism = client();
    auto peer = server();
    static_cast<void>(mechanism->respond(peer.first(said(mechanism->initial().value()), "more")));
    CHECK_THROWS_AS(mechanism->respond(wrong), Error);
    CHECK_FALSE(mechanism->is_complete());
  }
}

TEST_CASE("a nonce that is not ours and more is refused", "[sasl]") {
  const auto mechanism = client();
  static_cast<void>(mechanism->initial());
  CHECK_THROWS_AS(mechanism->respond("r=somebody-elses,s=c2FsdA==,i=4096"), AuthenticationError);
  CHECK_FALSE(mechanism->has_used_secret());
}

TEST_CASE("no hashing is done for a number of rounds that nobody needs", "[sasl]") {
  CHECK_NOTHROW(parse_scram_challenge("r=a,s=c2FsdA==,i=1000000"));
  CHECK_NOTHROW(parse_scram_challenge("r=a,s=c2FsdA==,i=4096,x=extension"));
  for (const auto* count : {"1000001", "4294967295", "4294967297", "18446744073709551617", "0",
                            "-1", "", "4096x", " 4096", "+4096", "0x1000"}) {
    CHECK_THROWS_AS(parse_scram_challenge("r=a,s=c2FsdA==,i="s + count), ProtocolError);
  }
  const auto mechanism = client();
  auto peer = server();
  auto first = peer.first(said(mechanism->initial().value()), "more");
  first.replace(first.find("i=4096"), 6, "i=4000000000");
  CHECK_THROWS_AS(mechanism->respond(first), ProtocolError);
  CHECK_FALSE(mechanism->has_used_secret());
}

TEST_CASE("a SCRAM challenge that makes no sense is refused", "[sasl]") {
  for (const auto& challenge :
       {""s, "r=a"s, "r=a,s=b"s, "s=b,r=a,i=1"s, "m=ext,r=a,s=b,i=1"s, "r=,s=b,i=1"s, "r=a,s=,i=1"s,
        "r=a\0,s=b,i=1"s, "r=a\n,s=b,i=1"s, "r=\xc3\xa4,s=b,i=1"s}) {
    CHECK_THROWS_AS(parse_scram_challenge(challenge), ProtocolError);
  }
}

TEST_CASE("the server's own word for a failure reaches the user, escaped", "[sasl]") {
  const auto mechanism = client();
  auto peer = server();
  static_cast<void>(mechanism->respond(peer.first(said(mechanism->initial().value()), "more")));
  CHECK_THROWS_WITH(mechanism->respond("e=other-error\x1b[2J"),
                    "the server refused the login: other-error?[2J");
}

TEST_CASE("what SCRAM cannot carry is known beforehand", "[sasl]") {
  CHECK(scram_text("alice@example.com").value().reveal() == "alice@example.com");
  CHECK(scram_text("p\xc3\xa4ss").value().reveal() == "p\xc3\xa4ss");
  CHECK_FALSE(scram_text("p\xe4ss").has_value());
  CHECK_FALSE(scram_text("tab\there").has_value());
  CHECK_FALSE(scram_text("").has_value());
}
