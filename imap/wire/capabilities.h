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
  /// The same for an extension that IMAP4rev2 is made of (RFC 9051 appendix E): a server that knows
  /// nothing else need not name it. One that offers IMAP4rev1 as well is spoken to in that.
  bool offers(std::string_view extension) const;
  /// IMAP4rev2 is the only language of the server.
  bool is_only_rev2() const { return has("IMAP4REV2") && !has("IMAP4REV1"); }
  bool empty() const { return atoms_.empty(); }
  const std::set<std::string, std::less<>>& atoms() const { return atoms_; }

  /// Some non-synchronising literals are allowed: nothing when none, else the largest size
  /// (RFC 7888: LITERAL- stops at 4096 octets).
  std::optional<std::uint64_t> non_sync_literal() const;
  /// The largest message that any mailbox takes, `APPENDLIMIT=35651584` (RFC 7889). Nothing where
  /// there is none or each mailbox has its own.
  std::optional<std::uint64_t> append_limit() const { return number_after("APPENDLIMIT="); }
  /// How many messages one command may name, `MESSAGELIMIT=1000` (RFC 9738).
  std::optional<std::uint64_t> message_limit() const { return number_after("MESSAGELIMIT="); }

 private:
  std::optional<std::uint64_t> number_after(std::string_view name) const;

  std::set<std::string, std::less<>> atoms_;  // upper case
};

}  // namespace imap
