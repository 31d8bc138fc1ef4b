#pragma once
/// What the TLS connections of an account have in common: whom to trust, and how old a protocol may
/// be. Built once before the threads start; never changed afterwards, so all of them may use it.

#include "imap/net/openssl.h"

#include <optional>
#include <string>

namespace imap {

struct TlsSettings {
  /// A PEM file with the certificates to trust instead of those of the system: of authorities, or
  /// of the server itself.
  std::optional<std::string> ca_file;
};

class TlsContext {
 public:
  /// TLS 1.2 or later, the server's certificate always verified, no renegotiation. TlsError, naming
  /// the file, when `ca_file` cannot be read or has no certificate in it.
  explicit TlsContext(const TlsSettings& settings);

  /// The state of one new connection as a client. TlsError when out of memory.
  UniqueSsl new_connection() const;

 private:
  UniqueSslContext context_;
};

}  // namespace imap
