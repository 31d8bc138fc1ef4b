#include "imap/net/tls_context.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>

using namespace imap;
using namespace tests;

TEST_CASE("a CA file that is not there is named", "[net][tls]") {
  CHECK_THROWS_AS(TlsContext({"/nonexistent/ca.pem"}), TlsError);
  CHECK_THROWS_WITH(TlsContext({"/nonexistent/ca.pem"}),
                    "cannot read the CA file /nonexistent/ca.pem: No such file or directory");
}

TEST_CASE("a CA file that is a folder is named", "[net][tls]") {
  const auto folder = std::filesystem::temp_directory_path().string();
  CHECK_THROWS_WITH(TlsContext({folder}), "cannot read the CA file " + folder + ": Is a directory");
}

TEST_CASE("a CA file without a certificate is refused", "[net][tls]") {
  for (const auto* content : {"", "not PEM\n", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
    const TemporaryFile file(content);
    CHECK_THROWS_WITH(TlsContext({file.path()}),
                      "the CA file " + file.path() + " contains no certificate in PEM format");
  }
}

TEST_CASE("a CA file may hold several certificates", "[net][tls]") {
  const TemporaryFile file("# ours\n" + pem(authority("One")) + pem(authority("Two")));
  CHECK_NOTHROW(TlsContext({file.path()}));
}

TEST_CASE("a CA file with a damaged certificate is refused", "[net][tls]") {
  auto damaged = pem(authority("Two"));
  damaged.erase(damaged.size() / 2, 64);
  const TemporaryFile file(pem(authority("One")) + damaged);
  CHECK_THROWS_AS(TlsContext({file.path()}), TlsError);
}

TEST_CASE("a client certificate is loaded with its key, which has to be private", "[net][tls]") {
  const auto identity = self_signed({});
  const auto other = self_signed({});
  const TemporaryFile certificate(pem(identity));
  const TemporaryFile key(key_pem(identity));
  const auto load = [](const std::string& certificate_file, const std::string& key_file) {
    const TlsContext context(
        TlsSettings{std::nullopt, ClientCertificate{certificate_file, key_file}});
  };
  CHECK_NOTHROW(load(certificate.path(), key.path()));
  ::chmod(key.path().c_str(), 0640);
  CHECK_THROWS_WITH(load(certificate.path(), key.path()),
                    "the client key " + key.path() + " is open to group or others: chmod 600 it");
  const TemporaryFile wrong(key_pem(other));
  CHECK_THROWS_WITH(load(certificate.path(), wrong.path()),
                    "the client key " + wrong.path() + " is not that of " + certificate.path());
  const TemporaryFile locked(key_pem(identity, "passphrase"));
  CHECK_THROWS_WITH(load(certificate.path(), locked.path()),
                    "the client key " + locked.path() +
                        " has a passphrase: remove it with openssl pkey and keep the file private");
  const TemporaryFile senseless("not PEM");
  CHECK_THROWS_WITH(
      load(senseless.path(), wrong.path()),
      "the client certificate " + senseless.path() + " is no certificate in PEM format");
  CHECK_THROWS_WITH(load(certificate.path(), senseless.path()),
                    "the client key " + senseless.path() + " is no private key in PEM format");
  CHECK_THROWS_WITH(
      load("/nonexistent.pem", wrong.path()),
      "cannot read the client certificate /nonexistent.pem: No such file or directory");
}
