#pragma once
/// Demands of one TLS connection that the server's certificate is valid for the host that was
/// configured, or that its key is one of those that the user pinned, and words what is wrong when
/// it is not. Owned by one TlsStream, used on its thread.

#include "imap/net/openssl.h"

#include <string>
#include <vector>

namespace imap {

class CertificateCheck {
 public:
  /// Sets `connection` up before its handshake: the name or IP address to find among the
  /// certificate's alternative names (RFC 9525: the common name does not count), and SNI for a
  /// name. `connection` must not be handshaken after this object is gone. TlsError when `host`
  /// cannot be a host. With `pins` the certificate's key alone counts: see check_pin.
  CertificateCheck(SSL* connection, const std::string& host, std::vector<std::string> pins);
  CertificateCheck(const CertificateCheck&) = delete;
  CertificateCheck& operator=(const CertificateCheck&) = delete;

  bool failed() const { return fault_ != X509_V_OK; }
  /// What is wrong, once failed: "the certificate of a.example is for b.example, not for it".
  std::string description() const;

  /// To be called after the handshake and before anything is sent: TlsError, naming the key that
  /// the server has, when there are pins and none is the server's.
  void check_pin(const SSL* connection) const;

 private:
  static int on_verified(int preverified, X509_STORE_CTX* chain) noexcept;
  void expect_host(SSL* connection);

  const std::string host_;
  const std::vector<std::string> pins_;
  int fault_ = X509_V_OK;
  int depth_ = 0;           // of the certificate at fault; 0 is the server's own
  UniqueX509 certificate_;  // the one at fault
};

/// The pin of the certificate's public key: `sha256//` and the base64 of the SHA-256 of its
/// SubjectPublicKeyInfo, as curl's --pinnedpubkey spells it. TlsError when it has no usable key.
std::string key_pin(X509* certificate);

/// The host names and IP addresses that `certificate` is for, with everything but printable ASCII
/// replaced: they are a stranger's text.
std::vector<std::string> names_of(const X509* certificate);

}  // namespace imap
