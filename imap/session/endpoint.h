#pragma once
/// Where and how to reach the account. Plain values, shared by all connections.

#include "imap/base/secret.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace imap {

enum class TlsMode {
  implicit,  // TLS from the first octet
  starttls,  // mandatory: without it nothing is sent
  none,
};

struct Endpoint {
  std::string host;
  std::uint16_t port = 993;
  TlsMode tls = TlsMode::implicit;
};

struct Login {
  std::string user;
  Secret password;
};

}  // namespace imap
