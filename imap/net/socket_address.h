#pragma once
/// An IPv4 or IPv6 address with a port, as connect(2) takes it. A plain value.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace imap {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  /// Copies what the system returned. Nothing when it is larger than any address can be.
  static std::optional<SocketAddress> copy_of(const sockaddr* address, socklen_t length);
};

/// The address in `host` without its zone (`fe80::1%eth0` gives `fe80::1`) when that is an IP
/// address and not a name: it needs no resolver, no SNI, and another kind of certificate.
std::optional<std::string> ip_literal(const std::string& host);

}  // namespace imap
