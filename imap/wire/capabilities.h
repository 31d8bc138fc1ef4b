#pragma once
/// What a server says it can do. A plain value, replaced as a whole after TLS and after login
/// (RFC 9051 6.2.1).

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace imap {

class Capabilities {
 public:
  /// Adds one capability; compared ignoring case, because a case-sensitive match of `uidplus` once
  /// made a client send a plain EXPUNGE.
  void add(std::string_view atom);
  bool has(std::string_view atom) const;
  bool empty() const { return atoms_.empty(); }
  const std::set<std::string, std::less<>>& atoms() const { return atoms_; }

  /// Some non-synchronising literals are allowed: nothing when none, else the largest size
  /// (RFC 7888: LITERAL- stops at 4096 octets).
  std::optional<std::uint64_t> non_sync_literal() const;

 private:
  std::set<std::string, std::less<>> atoms_;  // upper case
};

}  // namespace imap
