#pragma once
/// The client's side of SCRAM (RFC 5802, 7677): proves the password without showing it, and has the
/// server prove that it knows it, too. Our own, because GNU SASL 2.2 fails where it has to say `y`:
/// that this side could bind the login to the connection and the server does not offer to.

#include "imap/net/stream.h"
#include "imap/session/sasl/login_method.h"
#include "imap/session/sasl/mechanism.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

/// A hostile server asks for billions of rounds of hashing, which is a thread busy for hours
/// (CVE-2026-42256). Real servers ask for 4,096 to 600,000.
inline constexpr unsigned kMostScramIterations = 1'000'000;

struct ScramInput {
  std::string user;  // both as SASLprep made them
  Secret password;
  BindingFlag flag = BindingFlag::impossible;
  std::optional<ChannelBinding> binding;  // there when the flag is `used`
  std::string nonce;                      // random; printable without comma
};

/// One of SCRAM-*.
std::unique_ptr<SaslMechanism> make_scram(LoginMethod method, ScramInput input);

/// 144 random bits, as a nonce may contain them.
std::string random_nonce();

/// What the server's first message asks for.
struct ScramChallenge {
  std::string_view nonce;
  std::string salt;
  unsigned iterations = 0;
};
/// `r=...,s=...,i=...` of printable ASCII with a number of iterations that is acceptable; the nonce
/// is a part of `message`. ProtocolError otherwise.
ScramChallenge parse_scram_challenge(std::string_view message);

}  // namespace imap
