#include "imap/base/errors.h"
#include "imap/net/plain_stream.h"
#include "imap/net/tls_stream.h"
#include "tests/support/catch.h"
#include "tests/support/tls_server.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

using namespace imap;
using namespace tests;
using Catch::Matchers::StartsWith;
using std::chrono::hours;

namespace {

/// A client that trusts one authority, or one certificate.
struct Client {
  explicit Client(const Identity& trusted) : ca_file(pem(trusted)) {}

  std::unique_ptr<TlsStream> connect(UniqueFd socket, const std::string& host,
                                     Deadline deadline = soon()) const {
    return TlsStream::handshake(std::move(socket), context, host, deadline, abort);
  }

  TemporaryFile ca_file;
  TlsContext context{TlsSettings{ca_file.path()}};
  WakeFd abort;
};

/// Why a client that trusts `ca` refuses a server with `certificate` as `host`; "" if it does not.
std::string refusal(const Identity& ca, const Identity& certificate,
                    const std::string& host = "imap.example.com") {
  const Client client(ca);
  TlsServer server(certificate);
  try {
    client.connect(server.take_client(), host);
    return "";
  } catch (const TlsError& error) {
    return error.what();
  }
}

CertificateContent named(const std::string& alternative_names) {
  CertificateContent content;
  content.alternative_names = alternative_names;
  return content;
}

}  // namespace

TEST_CASE("a server with a valid certificate is accepted", "[net][tls]") {
  const auto ca = authority();
  const Client client(ca);
  std::string requested;
  TlsServer server(issue({}, ca), [&](TlsPeer& peer) { requested = peer.requested_name(); });
  const auto stream = client.connect(server.take_client(), "imap.example.com");
  CHECK(stream->is_encrypted());
  CHECK_THAT(stream->description(), StartsWith("TLSv1.3 TLS_"));
  CHECK(server.finish() == "");
  CHECK(requested == "imap.example.com");
}

TEST_CASE("a host name with a final dot is the name without it", "[net][tls]") {
  const auto ca = authority();
  const Client client(ca);
  std::string requested;
  TlsServer server(issue({}, ca), [&](TlsPeer& peer) { requested = peer.requested_name(); });
  client.connect(server.take_client(), "imap.example.com.");
  CHECK(server.finish() == "");
  CHECK(requested == "imap.example.com");
}

TEST_CASE("an IP address is checked as one and not sent as a name", "[net][tls]") {
  const auto ca = authority();
  const Client client(ca);
  std::string requested = "not looked at";
  TlsServer server(issue(named("IP:127.0.0.1,IP:::1"), ca),
                   [&](TlsPeer& peer) { requested = peer.requested_name(); });
  client.connect(server.take_client(), "127.0.0.1");
  CHECK(server.finish() == "");
  CHECK(requested == "");
  CHECK(refusal(ca, issue(named("IP:::1"), ca), "::1") == "");
  CHECK(refusal(ca, issue(named("DNS:127.0.0.1"), ca), "127.0.0.1") ==
        "the certificate of 127.0.0.1 is not valid for it, only for 127.0.0.1");
  CHECK(refusal(ca, issue(named("IP:192.0.2.1,IP:2001:db8::1"), ca), "127.0.0.1") ==
        "the certificate of 127.0.0.1 is not valid for it, only for 192.0.2.1, 2001:db8::1");
}

TEST_CASE("a wildcard stands for one label", "[net][tls]") {
  const auto ca = authority();
  const auto certificate = issue(named("DNS:*.example.com"), ca);
  CHECK(refusal(ca, certificate, "imap.example.com") == "");
  CHECK(refusal(ca, certificate, "a.imap.example.com") ==
        "the certificate of a.imap.example.com is not valid for it, only for *.example.com");
}

TEST_CASE("a certificate for another host is refused with the names that it has", "[net][tls]") {
  const auto ca = authority();
  CHECK(refusal(ca, issue(named("DNS:mail.example.org,DNS:mx.example.org"), ca)) ==
        "the certificate of imap.example.com is not valid for it, only for mail.example.org, "
        "mx.example.org");
  CHECK(refusal(ca, issue(named("DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f,DNS:g"), ca)) ==
        "the certificate of imap.example.com is not valid for it, only for a, b, c, d, e and 2 "
        "more");
}

TEST_CASE("the common name of a certificate is not a host name", "[net][tls]") {
  const auto ca = authority();
  CHECK(refusal(ca, issue(named(""), ca)) ==
        "the certificate of imap.example.com is not valid for it: it names no host");
}

TEST_CASE("control characters of a stranger's certificate do not reach messages", "[net][tls]") {
  const auto certificate = self_signed(named("DNS:evil\x1b[31m.example"));
  CHECK(names_of(certificate.certificate.get()) == std::vector<std::string>{"evil?[31m.example"});
}

TEST_CASE("an expired certificate is refused with its last day", "[net][tls]") {
  const auto ca = authority();
  CertificateContent content;
  content.valid_from = -hours(72);
  content.valid_until = -hours(24);
  CHECK_THAT(refusal(ca, issue(content, ca)),
             StartsWith("the certificate of imap.example.com expired on 20"));
}

TEST_CASE("a certificate of the future is refused with its first day", "[net][tls]") {
  const auto ca = authority();
  CertificateContent content;
  content.valid_from = hours(24);
  content.valid_until = hours(72);
  CHECK_THAT(refusal(ca, issue(content, ca)),
             StartsWith("the certificate of imap.example.com is not valid before 20"));
}

TEST_CASE("a certificate that nobody known signed is refused", "[net][tls]") {
  const auto stranger = authority("Another authority");
  CHECK(refusal(authority(), issue({}, stranger)) ==
        "the certificate of imap.example.com is not trusted: unable to get local issuer "
        "certificate");
  CHECK(refusal(authority(), self_signed({})) ==
        "the certificate of imap.example.com is not trusted: self-signed certificate");
}

TEST_CASE("the system's authorities do not vouch for a private one", "[net][tls]") {
  const TlsContext context{TlsSettings{}};
  const WakeFd abort;
  TlsServer server(self_signed({}));
  CHECK_THROWS_AS(
      TlsStream::handshake(server.take_client(), context, "imap.example.com", soon(), abort),
      TlsError);
}

TEST_CASE("a server's own certificate may be the one that is trusted", "[net][tls]") {
  const auto lone = self_signed({});
  CHECK(refusal(lone, lone) == "");
  const auto signed_by_another = issue({}, authority());
  CHECK(refusal(signed_by_another, signed_by_another) == "");
}

TEST_CASE("TLS 1.2 is accepted and TLS 1.1 is not", "[net][tls]") {
  const auto ca = authority();
  const Client client(ca);
  const auto certificate = issue({}, ca);
  TlsServer older(certificate, {}, TLS1_2_VERSION);
  CHECK_THAT(client.connect(older.take_client(), "imap.example.com")->description(),
             StartsWith("TLSv1.2 "));
  TlsServer oldest(certificate, {}, TLS1_1_VERSION);
  CHECK_THROWS_AS(client.connect(oldest.take_client(), "imap.example.com"), TlsError);
}

TEST_CASE("a server that speaks no TLS is told from one that fails at it", "[net][tls]") {
  const Client client(authority());
  SECTION("plain text") {
    auto pair = connected_pair();
    send_all(pair.server, "* OK IMAP4rev1 ready\r\n");
    CHECK_THROWS_WITH(client.connect(std::move(pair.client), "imap.example.com"),
                      "imap.example.com does not speak TLS on this port");
  }
  SECTION("a few bytes of it") {
    auto pair = connected_pair();
    send_all(pair.server, "*");
    pair.server.reset();
    CHECK_THROWS_AS(client.connect(std::move(pair.client), "imap.example.com"), TlsError);
  }
  SECTION("garbage in a TLS record") {
    auto pair = connected_pair();
    send_all(pair.server, std::string("\x16\x03\x03\x00\x04"
                                      "ABCD",
                                      9));
    CHECK_THROWS_WITH(client.connect(std::move(pair.client), "imap.example.com"),
                      StartsWith("TLS handshake with imap.example.com failed: "));
  }
}

TEST_CASE("a server that leaves during the handshake is a lost connection", "[net][tls]") {
  const Client client(authority());
  SECTION("with a FIN") {
    auto pair = connected_pair();
    ::shutdown(pair.server.get(), SHUT_WR);
    CHECK_THROWS_WITH(
        client.connect(std::move(pair.client), "imap.example.com"),
        "TLS handshake with imap.example.com failed: the server closed the connection");
  }
  SECTION("with a reset") {
    auto pair = connected_pair();
    close_with_reset(std::move(pair.server));
    CHECK_THROWS_AS(client.connect(std::move(pair.client), "imap.example.com"), ConnectionError);
  }
}

TEST_CASE("a handshake that is never answered ends at the deadline", "[net][tls]") {
  const Client client(authority());
  auto pair = connected_pair();
  CHECK_THROWS_WITH(client.connect(std::move(pair.client), "imap.example.com", at_once()),
                    "the TLS handshake with imap.example.com was not done in time");
}

TEST_CASE("an abort ends a handshake under way", "[net][tls]") {
  const Client client(authority());
  auto pair = connected_pair();
  const std::jthread other([&] {
    receive(pair.server, 1);  // the handshake has begun
    client.abort.signal();
  });
  CHECK_THROWS_AS(client.connect(std::move(pair.client), "imap.example.com"), CancelledError);
}

TEST_CASE("no certificate can be checked for what is no host name", "[net][tls]") {
  const Client client(authority());
  for (const auto& host : {std::string(), std::string("."), std::string(300, 'a')}) {
    auto pair = connected_pair();
    CHECK_THROWS_AS(client.connect(std::move(pair.client), host), TlsError);
  }
}

TEST_CASE("TLS takes over the socket of a plain stream", "[net][tls]") {
  const auto ca = authority();
  const Client client(ca);
  TlsServer server(issue({}, ca), [](TlsPeer& peer) { peer.write("* OK\r\n"); });
  PlainStream plain(server.take_client(), client.abort);
  const auto stream = client.connect(plain.release(), "imap.example.com");
  CHECK(read_text(*stream, 6) == "* OK\r\n");
}

TEST_CASE("what was injected ahead of the handshake is never data", "[net][tls]") {
  const Client client(authority());
  auto pair = connected_pair();
  send_all(pair.server, "a OK begin\r\n* 1 EXISTS\r\n");
  PlainStream plain(std::move(pair.client), client.abort);
  CHECK(read_text(plain, 12) == "a OK begin\r\n");
  CHECK_THROWS_AS(client.connect(plain.release(), "imap.example.com"), TlsError);
}

TEST_CASE("a pinned key is enough, and nothing else is", "[net][tls]") {
  const auto ca = authority();
  const auto stranger = authority("Somebody else");
  auto content = named("DNS:elsewhere.example.org");
  content.valid_until = -hours(1);
  const auto identity = self_signed(content);
  const auto pin = key_pin(identity.certificate.get());
  const auto other = key_pin(stranger.certificate.get());
  const TemporaryFile ca_file(pem(ca));
  const auto refused = [&](const Identity& server_identity, std::vector<std::string> pins) {
    const TlsContext context(TlsSettings{ca_file.path(), std::nullopt, std::move(pins)});
    const WakeFd abort;
    TlsServer server(server_identity);
    try {
      TlsStream::handshake(server.take_client(), context, "imap.example.com", soon(), abort);
      return std::string();
    } catch (const TlsError& error) {
      return std::string(error.what());
    }
  };
  CHECK(refused(identity, {pin}) == "");
  CHECK(refused(identity, {other, pin}) == "");
  CHECK(refused(identity, {other}) ==
        "the key of imap.example.com is not the pinned one, but " + pin);
  const auto good = issue({}, ca);
  CHECK(refused(good, {}) == "");
  CHECK(refused(good, {pin}) != "");
}

TEST_CASE("both ends have the same binding data, and each connection its own", "[net][tls]") {
  const auto ca = authority();
  const auto identity = issue({}, ca);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::string last;
    for (int i = 0; i < 2; ++i) {
      const Client client(ca);
      std::string theirs;
      TlsServer server(
          identity, [&](TlsPeer& peer) { theirs = peer.binding(); }, version);
      const auto stream = client.connect(server.take_client(), "imap.example.com");
      REQUIRE(server.finish() == "");
      const auto ours = stream->channel_binding();
      REQUIRE(ours);
      CHECK(ours->octets == theirs);
      CHECK((ours->type == ChannelBinding::Type::tls_exporter) == (version == TLS1_3_VERSION));
      CHECK(ours->octets != last);
      last = ours->octets;
    }
  }
}
