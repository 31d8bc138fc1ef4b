#include "imap/net/tls_context.h"

#include "imap/base/errors.h"
#include "imap/base/unique_fd.h"
#include "imap/net/client_certificate.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace imap {
namespace {

// A record carries 16 KiB at most: room for four saves system calls while bodies stream in.
constexpr std::size_t kReadBuffer = 64 * 1024;

void check(bool worked, const std::string& attempt) {
  if (!worked) throw TlsError(attempt + ": " + take_openssl_reason());
}

/// OpenSSL reports a missing file, a directory and one without certificates much alike.
void check_readable(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  char first = 0;
  if (!fd || ::read(fd.get(), &first, 1) < 0) {
    throw TlsError("cannot read the CA file " + file + ": " +
                   std::generic_category().message(errno));
  }
}

bool has_certificate(X509_STORE* store) {
  const auto* objects = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_X509) return true;
  }
  return false;
}

void trust_file(SSL_CTX* context, const std::string& file) {
  check_readable(file);
  const bool loaded = SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) == 1;
  auto* store = SSL_CTX_get_cert_store(context);
  if (!has_certificate(store)) {
    ERR_clear_error();
    throw TlsError("the CA file " + file + " contains no certificate in PEM format");
  }
  check(loaded, "cannot read the CA file " + file);
  // The user may name the server's own certificate although somebody else signed it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

}  // namespace

TlsContext::TlsContext(const TlsSettings& settings) : pins_(settings.pins) {
  ERR_clear_error();
  const std::string attempt = "cannot set TLS up";
  context_.reset(SSL_CTX_new(TLS_client_method()));
  check(context_ != nullptr, attempt);
  auto* context = context_.get();
  check(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1, attempt);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // The socket does not block, so a call does what it can and says what it waits for.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadBuffer);
  if (settings.ca_file) {
    trust_file(context, *settings.ca_file);
  } else {
    check(SSL_CTX_set_default_verify_paths(context) == 1, "cannot find the system's CA store");
  }
  if (settings.client) use_client_certificate(context, *settings.client);
}

UniqueSsl TlsContext::new_connection() const {
  UniqueSsl connection(SSL_new(context_.get()));
  check(connection != nullptr, "cannot set TLS up");
  SSL_set_connect_state(connection.get());
  return connection;
}

}  // namespace imap
