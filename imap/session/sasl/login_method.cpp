#include "imap/session/sasl/login_method.h"

#include "imap/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace imap {
namespace {

using enum LoginMethod;

constexpr std::array<std::pair<LoginMethod, std::string_view>, 11> kNames{{
    {external, "EXTERNAL"},
    {gssapi, "GSSAPI"},
    {oauthbearer, "OAUTHBEARER"},
    {xoauth2, "XOAUTH2"},
    {scram_sha_256_plus, "SCRAM-SHA-256-PLUS"},
    {scram_sha_256, "SCRAM-SHA-256"},
    {scram_sha_1_plus, "SCRAM-SHA-1-PLUS"},
    {scram_sha_1, "SCRAM-SHA-1"},
    {plain, "PLAIN"},
    {login, "LOGIN"},
    {login_command, "LOGIN"},
}};

bool is_offered(LoginMethod method, const Capabilities& capabilities) {
  if (method == login_command) return !capabilities.has("LOGINDISABLED");
  return capabilities.has(fmt::format("AUTH={}", name_of(method)));
}

bool has_credentials(LoginMethod method, const LoginFacts& facts) {
  if (method == external) return facts.has_client_certificate;
  if (method == gssapi) return facts.forced == gssapi;  // the system's ticket
  return takes_token(method) ? facts.has_token : facts.has_password;
}

bool shows_secret(LoginMethod method) {
  return method == plain || method == login || method == login_command || takes_token(method);
}

bool is_wanted(LoginMethod method, const LoginFacts& facts) {
  if (!facts.forced || facts.forced == method) return true;
  return facts.forced == login && method == login_command;
}

bool is_usable(LoginMethod method, const LoginFacts& facts) {
  return is_wanted(method, facts) && has_credentials(method, facts) &&
         is_offered(method, facts.capabilities) &&
         (facts.may_send_readable || !shows_secret(method)) &&
         (facts.can_bind || !binds_channel(method)) && (facts.is_scram_text || !is_scram(method));
}

}  // namespace

std::string_view name_of(LoginMethod method) {
  return std::ranges::find(kNames, method, [](const auto& entry) { return entry.first; })->second;
}

std::optional<LoginMethod> login_method_named(std::string_view name) {
  const auto found = std::ranges::find_if(
      kNames, [name](const auto& entry) { return equal_ignoring_case(entry.second, name); });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

bool is_scram(LoginMethod method) {
  return name_of(method).starts_with("SCRAM-");
}

bool binds_channel(LoginMethod method) {
  return name_of(method).ends_with("-PLUS");
}

bool takes_token(LoginMethod method) {
  return method == oauthbearer || method == xoauth2;
}

std::vector<LoginMethod> login_methods(const LoginFacts& facts) {
  std::array order{external,      gssapi,           oauthbearer, xoauth2, scram_sha_256_plus,
                   scram_sha_256, scram_sha_1_plus, scram_sha_1, plain,   login,
                   login_command};
  if (facts.user.find_first_of("\\/") != std::string_view::npos) {
    std::rotate(std::ranges::find(order, plain), std::ranges::find(order, login_command),
                order.end());
  }
  std::vector<LoginMethod> methods;
  for (const auto method : order) {
    if (is_usable(method, facts)) methods.push_back(method);
  }
  return methods;
}

std::string why_no_login_method(const LoginFacts& facts) {
  if (facts.forced && is_offered(*facts.forced, facts.capabilities)) {
    return fmt::format("{} cannot be used on this connection", name_of(*facts.forced));
  }
  if (facts.forced) return fmt::format("the server does not offer {}", name_of(*facts.forced));
  if (facts.has_token) {
    return "the server takes no token here: it offers neither OAUTHBEARER nor XOAUTH2";
  }
  if (!facts.has_password) {
    return "the server does not offer EXTERNAL: it takes a client certificate for no login";
  }
  return "the server offers no login that may be used on this connection (is TLS missing?)";
}

BindingFlag binding_flag(LoginMethod method, const LoginFacts& facts) {
  if (binds_channel(method)) return BindingFlag::used;
  // `y` where the server does list a mechanism with binding would be taken for the work of a man in
  // the middle (RFC 5802 section 6); it is passed over there only when the user forces another.
  const bool is_listed = facts.capabilities.has("AUTH=SCRAM-SHA-256-PLUS") ||
                         facts.capabilities.has("AUTH=SCRAM-SHA-1-PLUS");
  return facts.can_bind && !is_listed ? BindingFlag::not_offered : BindingFlag::impossible;
}

}  // namespace imap
