#pragma once
/// OAUTHBEARER (RFC 7628) and XOAUTH2, its predecessor at Google and Microsoft: a bearer token
/// instead of a password.

#include "imap/session/sasl/mechanism.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace imap {

/// The token is to be one of RFC 6750 section 2.1. `host` and `port` are those that the user
/// configured and the connection was made to; an empty host is left out.
std::unique_ptr<SaslMechanism> make_oauthbearer(std::string_view user, std::string_view host,
                                                std::uint16_t port, const Secret& token);
std::unique_ptr<SaslMechanism> make_xoauth2(std::string_view user, const Secret& token);

/// Status and scope in the JSON by which a server tells why it refuses a token (RFC 7628 3.2.2):
/// `invalid_token (scope: mail)`. Printable; empty when there is no status to be found.
std::string oauth_failure(std::string_view json);

}  // namespace imap
