#pragma once
/// Certificates made on the spot, good and bad, so that no test carries a key that expires.
/// Failures are std::runtime_error. Any thread.

#include "imap/base/unique_fd.h"
#include "imap/net/openssl.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tests {

using UniqueKey = std::unique_ptr<EVP_PKEY, imap::OpenSslDeleter<EVP_PKEY_free>>;

/// A certificate with its key: a server's or an authority's.
struct Identity {
  imap::UniqueX509 certificate;
  UniqueKey key;
};

/// What a certificate says, by default that of a good server. `alternative_names` is as OpenSSL
/// writes it: "DNS:imap.example.com,IP:192.0.2.1"; empty for none.
struct CertificateContent {
  std::string common_name = "imap.example.com";
  std::string alternative_names = "DNS:imap.example.com";
  std::chrono::seconds valid_from = -std::chrono::hours(24);
  std::chrono::seconds valid_until = std::chrono::hours(24);
  bool is_authority = false;
};

/// Signed by `issuer`, or by itself.
Identity issue(const CertificateContent& content, const Identity& issuer);
Identity self_signed(const CertificateContent& content);
/// An authority for `issue`.
Identity authority(const std::string& name = "Test authority");

/// A file of its own below the system's temporary folder, removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string pem(const Identity& identity);
/// The private key; encrypted when there is a passphrase.
std::string key_pem(const Identity& identity, const std::string& passphrase = {});

}  // namespace tests
