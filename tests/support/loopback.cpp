#include "tests/support/loopback.h"

#include <poll.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace tests {
namespace {

void check(bool worked, const char* call) {
  if (!worked) throw std::system_error(errno, std::generic_category(), call);
}

imap::SocketAddress loopback(int family) {
  imap::SocketAddress address;
  if (family == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_addr = in6addr_loopback;
    address.length = sizeof *in6;
  } else {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof *in;
  }
  return address;
}

std::uint16_t port_of(const imap::SocketAddress& address) {
  const auto network_order =
      address.family() == AF_INET6
          ? reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port
          : reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port;
  return ntohs(network_order);
}

/// A socket on a free port, and the address that it got.
imap::UniqueFd bind_free_port(int family, imap::SocketAddress& address) {
  imap::UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(static_cast<bool>(socket), "socket");
  address = loopback(family);
  check(::bind(socket.get(), address.get(), address.length) == 0, "bind");
  check(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage),
                      &address.length) == 0,
        "getsockname");
  return socket;
}

}  // namespace

Listener::Listener(int family, int backlog) : socket_(bind_free_port(family, address_)) {
  check(::listen(socket_.get(), backlog) == 0, "listen");
}

std::uint16_t Listener::port() const {
  return port_of(address_);
}

imap::UniqueFd Listener::accept() const {
  limit_waits(socket_);
  imap::UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  check(static_cast<bool>(socket), "accept");
  limit_waits(socket);
  return socket;
}

RefusingPort::RefusingPort() : socket_(bind_free_port(AF_INET, address_)) {}

std::uint16_t RefusingPort::port() const {
  return port_of(address_);
}

SilentPort::SilentPort() : listener_(AF_INET, 0) {
  for (int i = 0; i < 16; ++i) {
    imap::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    check(static_cast<bool>(socket), "socket");
    static_cast<void>(::connect(socket.get(), address().get(), address().length));
    pollfd connected{socket.get(), POLLOUT, 0};
    const bool full = ::poll(&connected, 1, 50) == 0;
    queued_.push_back(std::move(socket));
    if (full) return;
  }
  throw std::runtime_error("the listener's queue does not fill up");
}

ConnectedPair connected_pair() {
  const Listener listener;
  ConnectedPair pair;
  pair.client = imap::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(static_cast<bool>(pair.client), "socket");
  check(::connect(pair.client.get(), listener.address().get(), listener.address().length) == 0,
        "connect");
  pair.server = listener.accept();
  return pair;
}

void close_with_reset(imap::UniqueFd socket) {
  const linger hard{1, 0};
  check(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0, "SO_LINGER");
}

void limit_waits(const imap::UniqueFd& socket) {
  const timeval limit{10, 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    check(::setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit) == 0, "setsockopt");
  }
}

std::string receive(const imap::UniqueFd& socket, std::size_t count) {
  std::string text(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const auto got = ::recv(socket.get(), text.data() + filled, count - filled, 0);
    check(got >= 0, "recv");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

void send_all(const imap::UniqueFd& socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    check(sent >= 0, "send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string read_text(imap::Stream& stream, std::size_t count) {
  std::string text(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const auto rest = std::span(text).subspan(filled);
    const auto got = stream.read(std::as_writable_bytes(rest), soon());
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

imap::Deadline soon() {
  return imap::Deadline::after(std::chrono::seconds(10));
}

imap::Deadline at_once() {
  return imap::Deadline::after(std::chrono::milliseconds(10));
}

}  // namespace tests
