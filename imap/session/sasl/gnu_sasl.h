#pragma once
/// The mechanisms that GNU SASL knows, behind SaslMechanism. Any thread; a mechanism belongs to the
/// one that made it. Copies of the password that the library makes are wiped where it lets us reach
/// them.

#include "imap/session/sasl/login_method.h"
#include "imap/session/sasl/mechanism.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

/// What a mechanism may ask for. None of the texts may contain a NUL.
struct GnuSaslInput {
  std::string user;
  Secret password;
  std::string host;
};

/// One of PLAIN, LOGIN, EXTERNAL and GSSAPI. AuthenticationError when the library was
/// built without it.
std::unique_ptr<SaslMechanism> make_gnu_sasl(LoginMethod method, GnuSaslInput input);

/// A user name or password as SCRAM carries it; nothing when it cannot (SASLprep, RFC 4013).
std::optional<Secret> scram_text(std::string_view text);

}  // namespace imap
