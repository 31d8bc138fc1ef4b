#include "imap/net/tls_stream.h"

#include "imap/base/errors.h"
#include "imap/net/poll_fd.h"

#include <openssl/err.h>

#include <system_error>
#include <utility>

namespace imap {
namespace {

constexpr unsigned char kAlertRecord = 21;
constexpr unsigned char kHandshakeRecord = 22;

}  // namespace

std::unique_ptr<TlsStream> TlsStream::handshake(UniqueFd socket, const TlsContext& context,
                                                const std::string& host, Deadline deadline,
                                                const WakeFd& abort) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(socket), context, host, abort));
  stream->connect(deadline);
  return stream;
}

TlsStream::TlsStream(UniqueFd socket, const TlsContext& context, const std::string& host,
                     const WakeFd& abort)
    : host_(host),
      abort_(abort),
      socket_(std::move(socket)),
      ssl_(context.new_connection()),
      certificate_(ssl_.get(), host, context.pins()) {
  auto bio = socket_.make_bio();
  auto* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
}

TlsStream::~TlsStream() {
  const bool usable = state_ == State::open || state_ == State::ended;
  if (usable && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsStream::connect(Deadline deadline) {
  while (true) {
    throw_if_aborted(abort_);
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return certificate_.check_pin(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      state_ = State::failed;
      throw_failed_handshake();
    }
    const short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (poll_fd(socket_.fd(), events, deadline, abort_) == PollResult::timed_out) {
      throw TimeoutError("the TLS handshake with " + host_ + " was not done in time");
    }
  }
}

void TlsStream::throw_failed_handshake() const {
  const auto reason = take_openssl_reason();
  if (certificate_.failed()) throw TlsError(certificate_.description());
  const auto first = socket_.first_byte();
  if (first && *first != kHandshakeRecord && *first != kAlertRecord) {
    throw TlsError(host_ + " does not speak TLS on this port");
  }
  const auto attempt = "TLS handshake with " + host_ + " failed: ";
  if (socket_.error() != 0) {
    throw ConnectionError(attempt + std::generic_category().message(socket_.error()));
  }
  if (socket_.ended()) throw ConnectionError(attempt + "the server closed the connection");
  throw TlsError(attempt + reason);
}

std::size_t TlsStream::read(std::span<std::byte> into, Deadline deadline) {
  while (!has_ended()) {
    throw_if_aborted(abort_);
    if (state_ == State::failed) throw_lost("reading", "it had failed before");
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    if (result == 1) return got;
    const short events = events_wanted(result, "reading");
    if (events != 0 && poll_fd(socket_.fd(), events, deadline, abort_) == PollResult::timed_out) {
      throw TimeoutError("the server sent nothing in time");
    }
  }
  return 0;
}

void TlsStream::write(std::span<const std::byte> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    throw_if_aborted(abort_);
    if (state_ == State::failed) throw_lost("writing", "it had failed before");
    if (state_ == State::cut) throw_lost("writing", "the server closed it");
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    if (result == 1) {
      bytes = bytes.subspan(sent);
      continue;
    }
    const short events = events_wanted(result, "writing");
    if (events == 0) throw_lost("writing", "the server closed it");
    if (poll_fd(socket_.fd(), events, deadline, abort_) == PollResult::timed_out) {
      throw TimeoutError("the server did not take what was sent in time");
    }
  }
}

Stream::Wait TlsStream::wait_readable(Deadline deadline, const WakeFd& wake) {
  while (true) {
    throw_if_aborted(abort_);
    if (wake.is_signalled()) return Wait::woken;
    if (has_ended() || state_ == State::failed) return Wait::readable;
    // That bytes came in says nothing: they may be half a record, or a session ticket, or have come
    // in with the record before.
    ERR_clear_error();
    std::byte next{};
    std::size_t got = 0;
    const int result = SSL_peek_ex(ssl_.get(), &next, 1, &got);
    if (result == 1) return Wait::readable;
    const short events = events_wanted(result, "reading");
    if (events == 0) return Wait::readable;
    if (poll_fd(socket_.fd(), events, deadline, abort_, wake) == PollResult::timed_out) {
      return Wait::timed_out;
    }
  }
}

short TlsStream::events_wanted(int result, const char* doing) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return POLLIN;
    case SSL_ERROR_WANT_WRITE:
      return POLLOUT;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::ended;
      return 0;
    default:
      break;
  }
  const auto reason = take_openssl_reason();
  if (socket_.error() != 0) {
    state_ = State::failed;
    throw_lost(doing, std::generic_category().message(socket_.error()));
  }
  if (socket_.ended()) {
    state_ = State::cut;
    return 0;
  }
  state_ = State::failed;
  throw_lost(doing, reason);
}

void TlsStream::throw_lost(const char* doing, const std::string& reason) const {
  throw ConnectionError(std::string("connection lost while ") + doing + ": " + reason);
}

std::optional<ChannelBinding> TlsStream::channel_binding() const {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  constexpr std::size_t kExported = 32;
  std::string octets(EVP_MAX_MD_SIZE, '\0');
  if (SSL_version(ssl_.get()) >= TLS1_3_VERSION) {
    octets.resize(kExported);
    auto* const into = reinterpret_cast<unsigned char*>(octets.data());
    if (SSL_export_keying_material(ssl_.get(), into, octets.size(), kLabel.data(), kLabel.size(),
                                   nullptr, 0, 0) != 1) {
      return std::nullopt;
    }
    return ChannelBinding{ChannelBinding::Type::tls_exporter, std::move(octets)};
  }
  if (SSL_get_extms_support(ssl_.get()) != 1) return std::nullopt;
  // The first Finished message, which is the client's, because no session is ever resumed.
  octets.resize(SSL_get_finished(ssl_.get(), octets.data(), octets.size()));
  if (octets.empty()) return std::nullopt;
  return ChannelBinding{ChannelBinding::Type::tls_unique, std::move(octets)};
}

std::string TlsStream::description() const {
  return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

}  // namespace imap
