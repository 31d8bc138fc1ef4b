#include "imap/net/socket_bio.h"

#include "imap/base/errors.h"
#include "imap/net/poll_fd.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace imap {

int SocketBio::write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) noexcept {
  auto& self = *static_cast<SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *sent = 0;
  const auto count = ::send(self.fd(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) {
    *sent = static_cast<std::size_t>(count);
    return 1;
  }
  if (is_passing(errno)) {
    BIO_set_retry_write(bio);
  } else {
    self.error_ = errno;
  }
  return 0;
}

int SocketBio::read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
  auto& self = *static_cast<SocketBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = 0;
  const auto count = ::recv(self.fd(), into, size, MSG_DONTWAIT);
  if (count > 0) {
    if (!self.first_byte_) self.first_byte_ = static_cast<unsigned char>(*into);
    *got = static_cast<std::size_t>(count);
    return 1;
  }
  if (count == 0) {
    self.ended_ = true;
  } else if (is_passing(errno)) {
    BIO_set_retry_read(bio);
  } else {
    self.error_ = errno;
  }
  return 0;
}

long SocketBio::control(BIO* bio, int command, long /*number*/, void* /*pointer*/) noexcept {
  const auto& self = *static_cast<const SocketBio*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;  // nothing is kept back
    case BIO_CTRL_EOF:
      return self.ended_ ? 1 : 0;
    default:
      return 0;
  }
}

const BIO_METHOD* SocketBio::method() {
  // An immutable table, alike for every socket.
  static const auto table = [] {
    std::unique_ptr<BIO_METHOD, OpenSslDeleter<BIO_meth_free>> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "imap socket"));
    if (!made || BIO_meth_set_write_ex(made.get(), &SocketBio::write) != 1 ||
        BIO_meth_set_read_ex(made.get(), &SocketBio::read) != 1 ||
        BIO_meth_set_ctrl(made.get(), &SocketBio::control) != 1) {
      throw TlsError("cannot set TLS up: " + take_openssl_reason());
    }
    return made;
  }();
  return table.get();
}

UniqueBio SocketBio::make_bio() {
  UniqueBio bio(BIO_new(method()));
  if (!bio) throw TlsError("cannot set TLS up: " + take_openssl_reason());
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace imap
