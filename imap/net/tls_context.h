#pragma once
/// What the TLS connections of an account have in common: whom to trust, and how old a protocol may
/// be. Built once before the threads start; never changed afterwards, so all of them may use it.

#include "imap/net/openssl.h"

#include <optional>
#include <string>
#include <vector>

namespace imap {

struct ClientCertificate {
  std::string certificate_file;  // followed by those that vouch for it, if any
  std::string key_file;
};

struct TlsSettings {
  /// A PEM file with the certificates to trust instead of those of the system: of authorities, or
  /// of the server itself.
  std::optional<std::string> ca_file;
  /// PEM files: what the client shows of itself, and its private key.
  std::optional<ClientCertificate> client = std::nullopt;
  /// The keys that the server may have, as `key_pin` writes them. When there are any, nothing else
  /// of the certificate counts: neither its names nor its dates nor who signed it.
  std::vector<std::string> pins = {};
};

class TlsContext {
 public:
  /// TLS 1.2 or later, the server's certificate always verified, no renegotiation. TlsError, naming
  /// the file, when `ca_file` cannot be read or has no certificate in it, or when the client's own
  /// certificate or key cannot be used or the key is open to group or others.
  explicit TlsContext(const TlsSettings& settings);

  /// The state of one new connection as a client. TlsError when out of memory.
  UniqueSsl new_connection() const;
  const std::vector<std::string>& pins() const { return pins_; }

 private:
  UniqueSslContext context_;
  const std::vector<std::string> pins_;
};

}  // namespace imap
