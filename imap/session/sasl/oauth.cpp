#include "imap/session/sasl/oauth.h"

#include "imap/base/errors.h"
#include "imap/session/sasl/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace imap {
namespace {

constexpr char kSeparator = '\x01';

class BearerToken final : public SaslMechanism {
 public:
  /// `last_word` is what the failure is acknowledged with, without which the tagged answer never
  /// comes (RFC 7628 3.2.3).
  BearerToken(Secret message, std::string last_word)
      : message_(std::move(message)), last_word_(std::move(last_word)) {}

  std::optional<Secret> initial() override {
    said_ = true;
    return std::move(message_);
  }

  Secret respond(std::string_view challenge) override {
    if (failed_) throw ProtocolError("the server goes on after it refused the token");
    failed_ = true;
    refusal_ = oauth_failure(challenge);
    return Secret(last_word_);
  }

  bool is_complete() const override { return said_ && !failed_; }
  bool takes_challenge() const override { return true; }
  bool has_used_secret() const override { return said_; }
  std::string refusal() const override { return refusal_; }

 private:
  Secret message_;
  const std::string last_word_;
  std::string refusal_;
  bool said_ = false;
  bool failed_ = false;
};

void check_token(std::string_view token) {
  const auto stands_in_token = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  };
  if (token.empty() || !std::ranges::all_of(token, stands_in_token)) {
    throw AuthenticationError(
        "what the token command printed is no bearer token: it has characters that none has");
  }
}

/// Put together without anything that would leave copies of the token behind.
Secret message(std::string_view begin, const Secret& token) {
  constexpr std::string_view kScheme = "auth=Bearer ";
  check_token(token.reveal());
  std::string text;
  text.reserve(begin.size() + kScheme.size() + token.reveal().size() + 2);
  text += begin;
  text += kScheme;
  text += token.reveal();
  text.append(2, kSeparator);
  return Secret(std::move(text));
}

/// RFC 5801 section 4: `,` and `=` would end the name.
std::string escaped_name(std::string_view user) {
  std::string escaped;
  for (const char c : user) {
    if (c == ',') {
      escaped += "=2C";
    } else if (c == '=') {
      escaped += "=3D";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// Reads the members of one JSON object as far as they are strings.
class JsonStrings {
 public:
  explicit JsonStrings(std::string_view text) : text_(text) {}

  std::string member(std::string_view wanted) {
    at_ = 0;
    if (!take('{')) return {};
    do {
      const auto name = string();
      if (!name || !take(':')) return {};
      const auto value = string();
      if (!value) return {};
      if (*name == wanted) return *value;
    } while (take(','));
    return {};
  }

 private:
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool take(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  /// A \u escape becomes `?u` and four digits: none is needed in what is looked for here.
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string value;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return value;
      }
      if (c == '\\' && ++at_ < text_.size()) {
        c = text_[at_];
        if (c == 'u') value += '?';
      }
      value += c;
    }
    return std::nullopt;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<SaslMechanism> make_oauthbearer(std::string_view user, std::string_view host,
                                                std::uint16_t port, const Secret& token) {
  auto begin = fmt::format("n,a={},", escaped_name(user));
  if (!host.empty()) begin += fmt::format("{0}host={1}{0}port={2}", kSeparator, host, port);
  return std::make_unique<BearerToken>(message(begin + kSeparator, token),
                                       std::string(1, kSeparator));
}

std::unique_ptr<SaslMechanism> make_xoauth2(std::string_view user, const Secret& token) {
  return std::make_unique<BearerToken>(message(fmt::format("user={}{}", user, kSeparator), token),
                                       std::string());
}

std::string oauth_failure(std::string_view json) {
  JsonStrings strings(json);
  const auto status = strings.member("status");
  if (status.empty()) return {};
  const auto scope = strings.member("scope");
  return printable(scope.empty() ? status : fmt::format("{} (scope: {})", status, scope));
}

}  // namespace imap
