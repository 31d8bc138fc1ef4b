#include "fs/cli/source.h"

#include "fs/cli/percent_encoding.h"
#include "fs/cli/usage_error.h"
#include "imap/base/utf8.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace fs {
namespace {

constexpr std::size_t kLongestUrl = 4096;
constexpr std::size_t kLongestHost = 253;
constexpr auto npos = std::string_view::npos;

struct Authority {
  std::string_view user;
  std::string_view host;
  std::optional<std::string_view> port;
};

/// Whether `text` is UTF-8 without control characters.
bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const auto unit = imap::first_utf8(text);
    if (!unit.character || imap::is_control(*unit.character)) return false;
    text.remove_prefix(unit.length);
  }
  return true;
}

std::uint16_t default_port(Tls tls) {
  return tls == Tls::implicit ? 993 : 143;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Tls take_scheme(std::string_view& rest) {
  const auto end = rest.find("://");
  const auto scheme = end == npos ? std::string{} : lower_case(rest.substr(0, end));
  if (scheme != "imap" && scheme != "imaps") {
    throw UsageError("SOURCE must begin with imaps:// or imap://");
  }
  rest.remove_prefix(end + 3);
  return scheme == "imaps" ? Tls::implicit : Tls::starttls;
}

[[noreturn]] void refuse_password() {
  throw UsageError(
      "SOURCE must not contain a password, which other users could see: use --password-command, "
      "--password-file or the prompt");
}

std::string parse_user(std::string_view text) {
  if (text.find(':') != npos) refuse_password();
  if (lower_case(text).find(";auth=") != std::string::npos) {
    throw UsageError("SOURCE must not choose an authentication mechanism (;AUTH=)");
  }
  auto user = percent_decoded(text);
  if (!user) throw UsageError("SOURCE has a % in the user name that is not followed by two digits");
  if (user->empty()) {
    throw UsageError("SOURCE names no user: write it before the host, as in imaps://USER@HOST");
  }
  if (!is_plain_text(*user)) {
    throw UsageError("SOURCE has a user name with control characters or invalid UTF-8");
  }
  return *std::move(user);
}

/// The address as the system writes it, so that each account has one name; nothing when it is not
/// an address of this family.
template <class Address, int family, std::size_t length>
std::optional<std::string> canonical_address(const std::string& text) {
  Address address{};
  std::array<char, length> written{};
  if (inet_pton(family, text.c_str(), &address) != 1) return std::nullopt;
  return inet_ntop(family, &address, written.data(), length);
}

std::string parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) throw UsageError("SOURCE has no ] after its IPv6 address");
    const auto address = canonical_address<in6_addr, AF_INET6, INET6_ADDRSTRLEN>(
        std::string(text.substr(1, text.size() - 2)));
    if (!address) throw UsageError("SOURCE has no IPv6 address between its brackets");
    return *address;
  }
  if (text.empty()) throw UsageError("SOURCE names no host");
  const auto is_host_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  const auto host = lower_case(text);
  if (host.size() > kLongestHost || host.front() == '-' ||
      !std::all_of(host.begin(), host.end(), is_host_character)) {
    throw UsageError(
        "SOURCE has a host that is neither a name nor an address (IPv6 stands in brackets)");
  }
  return host;
}

std::uint16_t parse_port(std::string_view text, std::string_view after) {
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec == std::errc{} && result.ptr == end && port != 0) return port;
  // A password with a slash in it cuts the URL short: `user:pass/word@host`.
  if (after.find('@') != npos) refuse_password();
  throw UsageError("SOURCE has a port that is not a number from 1 to 65535");
}

Authority split_authority(std::string_view text) {
  Authority authority;
  // The last @ ends the user name: people write alice@example.com@imap.example.com.
  if (const auto at = text.rfind('@'); at != npos) {
    authority.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  const auto colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  authority.host = text.substr(0, colon);
  if (colon != npos) authority.port = text.substr(colon + 1);
  return authority;
}

std::string parse_mailbox(std::string_view text) {
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  auto mailbox = percent_decoded(text);
  if (!mailbox)
    throw UsageError("SOURCE has a % in the mailbox that is not followed by two digits");
  if (!is_plain_text(*mailbox)) {
    throw UsageError("SOURCE has a mailbox with control characters or invalid UTF-8");
  }
  if (mailbox->starts_with('/') || mailbox->find("//") != std::string::npos) {
    throw UsageError("SOURCE has a mailbox with an empty level (//)");
  }
  return *std::move(mailbox);
}

}  // namespace

Source parse_source(std::string_view url, std::optional<Tls> tls) {
  if (url.size() > kLongestUrl) throw UsageError("SOURCE is too long");
  auto rest = url;
  Source source;
  const auto scheme_tls = take_scheme(rest);
  source.tls = tls.value_or(scheme_tls);

  const auto authority_text = rest.substr(0, rest.find_first_of("/?#"));
  const auto authority = split_authority(authority_text);
  rest.remove_prefix(authority_text.size());
  if (authority.user.find(':') != npos) refuse_password();
  source.port = authority.port ? parse_port(*authority.port, rest) : default_port(source.tls);
  source.host = parse_host(authority.host);
  source.user = parse_user(authority.user);

  if (rest.find_first_of("?#") != npos) {
    throw UsageError("SOURCE has a ? or #: in a mailbox name, write %3F or %23");
  }
  if (!rest.empty()) source.mailbox = parse_mailbox(rest.substr(1));
  return source;
}

std::string to_url(const Source& source) {
  const bool is_implicit = source.tls == Tls::implicit;
  const bool is_ipv6 = source.host.find(':') != std::string::npos;
  auto url = fmt::format("{}://{}@{}", is_implicit ? "imaps" : "imap", percent_encoded(source.user),
                         is_ipv6 ? fmt::format("[{}]", source.host) : source.host);
  if (source.port != default_port(source.tls)) url += fmt::format(":{}", source.port);
  if (!source.mailbox.empty()) url += '/' + percent_encoded(source.mailbox, "/");
  return url;
}

bool is_loopback(std::string_view host) {
  const std::string name(host);
  in_addr ipv4{};
  if (inet_pton(AF_INET, name.c_str(), &ipv4) == 1) return ntohl(ipv4.s_addr) >> 24U == 127;
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, name.c_str(), &ipv6) == 1) return IN6_IS_ADDR_LOOPBACK(&ipv6);
  return name == "localhost";
}

}  // namespace fs
