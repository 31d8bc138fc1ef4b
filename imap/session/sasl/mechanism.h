#pragma once
/// One SASL mechanism in the middle of one login (RFC 4422): what this side says, in octets.
/// Base64, tags and the tagged answer are the session's business. Owned by one login on its
/// connection thread.

#include "imap/base/secret.h"

#include <optional>
#include <string>
#include <string_view>

namespace imap {

class SaslMechanism {
 public:
  SaslMechanism() = default;
  virtual ~SaslMechanism() = default;
  SaslMechanism(const SaslMechanism&) = delete;
  SaslMechanism& operator=(const SaslMechanism&) = delete;

  /// What this side says before the server has said anything; nothing where the server begins.
  /// Called once, before `respond`. AuthenticationError when the credentials cannot be used.
  virtual std::optional<Secret> initial() = 0;

  /// The answer to one challenge. ProtocolError when the challenge makes no sense or comes after
  /// the end; AuthenticationError when the server fails to prove what it has to. After either the
  /// exchange has to be cancelled.
  virtual Secret respond(std::string_view challenge) = 0;

  /// Whether everything has been said and, where the mechanism has the server prove something,
  /// proven. A server that accepts the login earlier than that is not to be trusted.
  virtual bool is_complete() const = 0;

  /// Whether a challenge may come now: one that tells of a failure is possible even when everything
  /// has been said.
  virtual bool takes_challenge() const { return !is_complete(); }

  /// Whether anything that was said so far was made from a password or token.
  virtual bool has_used_secret() const = 0;

  /// Why the server refuses, if it said so by a challenge: printable, for people; else empty.
  virtual std::string refusal() const { return {}; }
};

}  // namespace imap
