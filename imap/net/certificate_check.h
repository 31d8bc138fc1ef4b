#pragma once
/// Demands of one TLS connection that the server's certificate is valid for the host that was
/// configured, and words what is wrong when it is not. Owned by one TlsStream, used on its thread.

#include "imap/net/openssl.h"

#include <string>
#include <vector>

namespace imap {

class CertificateCheck {
 public:
  /// Sets `connection` up before its handshake: the name or IP address to find among the
  /// certificate's alternative names (RFC 9525: the common name does not count), and SNI for a
  /// name. `connection` must not be handshaken after this object is gone. TlsError when `host`
  /// cannot be a host.
  CertificateCheck(SSL* connection, const std::string& host);
  CertificateCheck(const CertificateCheck&) = delete;
  CertificateCheck& operator=(const CertificateCheck&) = delete;

  bool failed() const { return fault_ != X509_V_OK; }
  /// What is wrong, once failed: "the certificate of a.example is for b.example, not for it".
  std::string description() const;

 private:
  static int on_verified(int preverified, X509_STORE_CTX* chain) noexcept;
  void expect_host(SSL* connection);

  const std::string host_;
  int fault_ = X509_V_OK;
  int depth_ = 0;           // of the certificate at fault; 0 is the server's own
  UniqueX509 certificate_;  // the one at fault
};

/// The host names and IP addresses that `certificate` is for, with everything but printable ASCII
/// replaced: they are a stranger's text.
std::vector<std::string> names_of(const X509* certificate);

}  // namespace imap
