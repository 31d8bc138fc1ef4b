#include "imap/base/errors.h"
#include "imap/net/tls_context.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/loopback.h"
#include "tests/support/plain_server.h"
#include "tests/support/sessions.h"
#include "tests/support/tls_server.h"

#include <openssl/ssl.h>

#include <string>
#include <vector>

using namespace std::string_literals;
using imap::TlsError;
using tests::PlainServer;

namespace {

/// How the server needs to be treated.
imap::Quirks open(std::uint16_t port, const imap::TlsSettings& trusted = {}) {
  const imap::WakeFd abort;
  const imap::TlsContext tls{trusted};
  const auto session = imap::Session::open({"127.0.0.1", port, imap::TlsMode::starttls},
                                           tests::alice(), &tls, tests::patient(), abort);
  session->negotiate();
  return session->quirks();
}

/// Reads one line and returns its tag.
std::string tag_of_line(tests::TlsPeer& peer, std::string& heard) {
  std::string line;
  while (!line.ends_with('\n')) line += peer.read(1);
  heard += line;
  return line.substr(0, line.find(' '));
}

}  // namespace

TEST_CASE("nothing secret is sent when STARTTLS is not to be had", "[session][starttls]") {
  for (const auto& lines : std::vector<std::vector<std::string>>{
           {"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n"},
           {"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"},
           {"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\r\n", "> NO not now\r\n"},
           {"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\r\n", "> BAD what\r\n"},
           {"* OK hi\r\n", "> OK nothing is offered\r\n"},
           {"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n",
            "> OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"},
           {"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", "> OK begin\r\n* OK injec"},
           {"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", "> OK begin\r\n",
            "A1 OK plain text\r\n"},
       }) {
    INFO(lines.front() << lines.back());
    PlainServer server(lines);
    CHECK_THROWS_AS(open(server.port()), TlsError);
    const auto heard = server.heard();
    CHECK(heard.find("AUTHENTICATE") == std::string::npos);
    CHECK(heard.find("LOGIN") == std::string::npos);
  }
}

TEST_CASE("after STARTTLS the login is encrypted and nothing said before counts",
          "[session][starttls]") {
  tests::CertificateContent content;
  content.alternative_names = "IP:127.0.0.1";
  const auto identity = tests::self_signed(content);
  const tests::TemporaryFile trusted(tests::pem(identity));
  std::string encrypted;
  std::string failure;
  PlainServer server(
      {"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LITERAL+] Courier-IMAP\r\n"
       "* ID (\"name\" \"Zimbra\")\r\n",
       "> OK begin\r\n"},
      [&](imap::UniqueFd& socket) {
        const imap::UniqueSslContext context(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_certificate(context.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
        const imap::UniqueSsl ssl(SSL_new(context.get()));
        SSL_set_fd(ssl.get(), socket.get());
        if (SSL_accept(ssl.get()) != 1) {
          failure = "no handshake";
          return;
        }
        tests::TlsPeer peer(ssl.get(), socket);
        peer.write("* CAPABILITY IMAP4rev1\r\n" + tag_of_line(peer, encrypted) + " OK\r\n");
        peer.write(tag_of_line(peer, encrypted) + " OK\r\n");
        peer.write(tag_of_line(peer, encrypted) + " OK\r\n");
      });
  imap::Quirks quirks;
  CHECK_NOTHROW(quirks = open(server.port(), {trusted.path()}));
  CHECK_FALSE(quirks.select_always);
  CHECK_FALSE(quirks.unselect_first);
  const auto heard = server.heard();
  CHECK(failure.empty());
  CHECK(heard.find("secret") == std::string::npos);
  CHECK(encrypted.find("LOGIN \"alice\" \"secret\"") != std::string::npos);
}
