#pragma once
/// Owners of what OpenSSL allocates, and its error queue as text. The queue belongs to the thread.

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace imap {

/// Calls `release` on what the pointer owns.
template <auto release>
struct OpenSslDeleter {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    release(handle);
  }
};

using UniqueSslContext = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;
using UniqueSsl = std::unique_ptr<SSL, OpenSslDeleter<SSL_free>>;
using UniqueBio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;
using UniqueX509 = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

/// What this thread's last OpenSSL call failed with: the reason of the first entry of the queue,
/// which is the cause of the others. Empties the queue.
std::string take_openssl_reason();

}  // namespace imap
