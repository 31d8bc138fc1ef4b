#include "imap/net/dialer.h"

#include "imap/net/connect_any.h"
#include "imap/net/resolver.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <vector>

namespace imap {
namespace {

// A NAT forgets an idle connection after some minutes, often five: probe well before that.
constexpr int kIdleSeconds = 60;
constexpr int kProbeSeconds = 20;
constexpr int kProbes = 3;
// Also bounds how long sent data may stay unacknowledged, which keepalive does not look at. Equal
// to the time that the probes take, because it overrides their count (tcp(7)).
constexpr int kUserTimeoutMs = (kIdleSeconds + kProbeSeconds * kProbes) * 1000;

void set_option(const UniqueFd& socket, int level, int option, int value) {
  // A connection without one of these is worse, not wrong.
  static_cast<void>(::setsockopt(socket.get(), level, option, &value, sizeof value));
}

void set_options(const UniqueFd& socket) {
  // A command is written whole: waiting for more would only delay it.
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
}

/// An IP address is answered without the thread that a lookup takes.
std::vector<SocketAddress> addresses_of(const std::string& host, std::uint16_t port,
                                        Deadline deadline, const WakeFd& abort) {
  if (ip_literal(host)) {
    auto addresses = system_lookup(host, port);
    if (!addresses.found.empty()) return std::move(addresses.found);
  }
  return resolve(host, port, deadline, abort);
}

}  // namespace

UniqueFd dial(const std::string& host, std::uint16_t port, Deadline deadline, const WakeFd& abort) {
  const auto addresses = interleaved(addresses_of(host, port, deadline, abort));
  const auto target = host + " port " + std::to_string(port);
  auto socket = connect_any(addresses, target, deadline, abort);
  set_options(socket);
  return socket;
}

}  // namespace imap
