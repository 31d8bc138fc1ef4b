#pragma once
/// Where and how to reach the account. Plain values, shared by all connections.

#include "imap/base/secret.h"
#include "imap/session/sasl/login_method.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace imap {

class TokenSource;

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

/// Who logs in, and by what.
struct Login {
  std::string user;
  Secret password;                // empty: there is none
  TokenSource* tokens = nullptr;  // must outlive the sessions
  /// The TLS context has a certificate of the user's.
  bool has_client_certificate = false;
  /// Nothing but this; else the strongest that both sides have.
  std::optional<LoginMethod> method = std::nullopt;
};

}  // namespace imap
