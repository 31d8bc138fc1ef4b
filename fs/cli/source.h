#pragma once
/// What is mounted: the SOURCE argument, a URL in the manner of RFC 5092. Pure functions and plain
/// values. There is no room for a password here, and no message repeats any part of the URL, which
/// may hold one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fs {

enum class Tls { implicit, starttls, none };

struct Source {
  std::string host;        // a name in lower case, or an address (IPv6 without brackets)
  std::uint16_t port = 0;  // never 0 once parsed
  std::string user;        // decoded; never empty once parsed
  std::string mailbox;     // UTF-8, levels separated by `/`; empty: the whole account
  Tls tls = Tls::implicit;

  bool operator==(const Source&) const = default;
};

/// Reads `imap[s]://user@host[:port][/mailbox]`. The scheme chooses the TLS mode unless `tls` does;
/// the mode chooses the port (993 for implicit TLS, else 143) unless the URL does.
/// Throws UsageError.
Source parse_source(std::string_view url, std::optional<Tls> tls = std::nullopt);

/// A URL that `parse_source` reads as the same source (given the mode, where that is `none`).
std::string to_url(const Source& source);

/// Whether traffic to this host stays on this machine: `localhost`, 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view host);

}  // namespace fs
