#pragma once
/// The ways to log in, and which of them fit a server and what the user has. Pure functions of
/// their arguments; any thread.

#include "imap/wire/capabilities.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

enum class LoginMethod {
  external,
  gssapi,
  oauthbearer,
  xoauth2,
  scram_sha_256_plus,
  scram_sha_256,
  scram_sha_1_plus,
  scram_sha_1,
  plain,
  login,          // the SASL mechanism
  login_command,  // LOGIN (RFC 9051 6.2.3)
};

/// The SASL name; "LOGIN" for the command, too.
std::string_view name_of(LoginMethod method);
/// The mechanism of that name in any case, LOGIN being that of SASL; nothing when there is none.
std::optional<LoginMethod> login_method_named(std::string_view name);
bool is_scram(LoginMethod method);
/// Whether it binds the login to the TLS connection (SCRAM-*-PLUS).
bool binds_channel(LoginMethod method);
/// Whether it is used with a token, and not with a password.
bool takes_token(LoginMethod method);

struct LoginFacts {
  const Capabilities& capabilities;
  std::string_view user;
  bool has_password = false;
  bool has_token = false;
  bool has_client_certificate = false;
  /// Passwords and tokens may go out readable: TLS protects them, or the user said that they may.
  bool may_send_readable = false;
  /// The stream has channel binding data.
  bool can_bind = false;
  /// User name and password are text that SCRAM can carry (SASLprep, RFC 4013).
  bool is_scram_text = true;
  /// The only method that the user wants.
  std::optional<LoginMethod> forced = std::nullopt;
};

/// The methods that may be tried, strongest first: EXTERNAL for who has a client certificate, then
/// OAUTHBEARER and XOAUTH2 with a token, then SCRAM (SHA-256 before SHA-1, with channel binding
/// before without), PLAIN, LOGIN and the LOGIN command with a password. A token is never used as a
/// password nor the other way round; GSSAPI is used only when forced. Nothing that shows a secret
/// is returned unless `may_send_readable`. A user name with `\` or `/` names a shared mailbox of
/// Exchange, which only the LOGIN command can open (imapflow 7ac0036): it goes before PLAIN then.
std::vector<LoginMethod> login_methods(const LoginFacts& facts);

/// What to tell the user when there is none.
std::string why_no_login_method(const LoginFacts& facts);

/// What SCRAM says about channel binding at its beginning (RFC 5802 section 6).
enum class BindingFlag {
  used,         // p=
  not_offered,  // y: this side could, but the server lists no mechanism that does
  impossible,   // n
};
BindingFlag binding_flag(LoginMethod method, const LoginFacts& facts);

}  // namespace imap
