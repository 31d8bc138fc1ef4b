#include "tests/support/tls_server.h"

#include <openssl/err.h>
#include <signal.h>

#include <stdexcept>
#include <utility>

namespace tests {
namespace {

void check(bool worked, const char* call) {
  if (!worked) throw std::runtime_error(std::string(call) + ": " + imap::take_openssl_reason());
}

/// OpenSSL's own socket BIO writes with write(2).
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

std::string TlsPeer::read(std::size_t count) {
  std::string text(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, text.data() + filled, count - filled, &got);
    if (result != 1 && SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) break;
    check(result == 1, "SSL_read");
    filled += got;
  }
  text.resize(filled);
  return text;
}

void TlsPeer::write(std::string_view text) {
  std::size_t sent = 0;
  check(SSL_write_ex(ssl_, text.data(), text.size(), &sent) == 1, "SSL_write");
}

void TlsPeer::close_notify() {
  check(SSL_shutdown(ssl_) >= 0, "SSL_shutdown");
}

void TlsPeer::hang_up() {
  socket_.reset();
}

void TlsPeer::reset() {
  close_with_reset(std::move(socket_));
}

std::string TlsPeer::requested_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : name;
}

std::string TlsPeer::binding() const {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  std::string octets(32, '\0');
  if (SSL_version(ssl_) < TLS1_3_VERSION) {
    octets.resize(SSL_get_peer_finished(ssl_, octets.data(), octets.size()));
  } else {
    check(
        SSL_export_keying_material(ssl_, reinterpret_cast<unsigned char*>(octets.data()),
                                   octets.size(), kLabel.data(), kLabel.size(), nullptr, 0, 0) == 1,
        "SSL_export_keying_material");
  }
  return octets;
}

void TlsPeer::wait_for_close() {
  if (!read(1).empty()) throw std::runtime_error("the client sent something");
}

TlsServer::TlsServer(const Identity& identity, Script script, int newest)
    : context_(SSL_CTX_new(TLS_server_method())) {
  check(context_ != nullptr, "SSL_CTX_new");
  check(SSL_CTX_use_certificate(context_.get(), identity.certificate.get()) == 1, "certificate");
  check(SSL_CTX_use_PrivateKey(context_.get(), identity.key.get()) == 1, "key");
  check(SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION) == 1, "oldest version");
  check(SSL_CTX_set_max_proto_version(context_.get(), newest) == 1, "newest version");
  if (newest < TLS1_2_VERSION) {
    // Its SHA-1 signatures are below the default level.
    check(SSL_CTX_set_cipher_list(context_.get(), "DEFAULT@SECLEVEL=0") == 1, "ciphers");
  }
  auto pair = connected_pair();
  client_ = std::move(pair.client);
  server_ = std::move(pair.server);
  thread_ = std::thread([this, run = std::move(script)] { serve(run); });
}

TlsServer::~TlsServer() {
  client_.reset();
  finish();
}

std::string TlsServer::finish() {
  if (thread_.joinable()) thread_.join();
  return failure_.with([](const std::string& text) { return text; });
}

void TlsServer::serve(const Script& script) {
  block_sigpipe();
  try {
    const imap::UniqueSsl ssl(SSL_new(context_.get()));
    check(ssl != nullptr && SSL_set_fd(ssl.get(), server_.get()) == 1, "SSL_new");
    check(SSL_accept(ssl.get()) == 1, "SSL_accept");
    TlsPeer peer(ssl.get(), server_);
    if (script) script(peer);
  } catch (const std::exception& error) {
    failure_.with([&](std::string& text) { text = error.what(); });
  }
  // As a server does that is done with the connection: the client does not wait for the test's end.
  server_.reset();
}

}  // namespace tests
