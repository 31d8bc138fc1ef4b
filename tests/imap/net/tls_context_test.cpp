#include "imap/net/tls_context.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"

#include <filesystem>
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
