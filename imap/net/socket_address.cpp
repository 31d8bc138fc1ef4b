#include "imap/net/socket_address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace imap {

std::optional<SocketAddress> SocketAddress::copy_of(const sockaddr* address, socklen_t length) {
  SocketAddress copy;
  if (address == nullptr || length > sizeof copy.storage) return std::nullopt;
  std::memcpy(&copy.storage, address, length);
  copy.length = length;
  return copy;
}

std::optional<std::string> ip_literal(const std::string& host) {
  auto address = host.substr(0, host.find('%'));
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  if (::inet_pton(AF_INET6, address.c_str(), binary.data()) == 1) return address;
  if (::inet_pton(AF_INET, host.c_str(), binary.data()) == 1) return host;
  return std::nullopt;
}

}  // namespace imap
