#pragma once
/// How much a server may send before it is taken for broken or hostile. One set for each
/// connection; every limit is counted on bytes received, never allocated ahead.

#include <cstddef>
#include <cstdint>

namespace imap {

struct Limits {
  /// One line without its literals.
  std::size_t line = std::size_t{64} << 10;
  /// A line of SEARCH, ESEARCH, VANISHED or FETCH: 100,000 UIDs are one line of 700 KB.
  std::size_t long_line = std::size_t{64} << 20;
  /// One literal that is kept in memory: headers, names.
  std::size_t literal = std::size_t{1} << 20;
  /// All that is kept in memory of one response.
  std::size_t response = std::size_t{65} << 20;
  /// One message body: streamed, never kept.
  std::uint64_t body = std::uint64_t{512} << 20;
  /// Open parentheses within one response.
  std::size_t depth = 64;
  /// Elements of any one list.
  std::size_t list_items = 100'000;
  /// Octets of an object id: RFC 8474 allows 255.
  std::size_t object_id = 255;
  /// Quota roots of one mailbox.
  std::size_t quota_roots = 64;
  /// Mailboxes of one account.
  std::size_t mailboxes = 50'000;
  /// Ranges of one UID set.
  std::size_t uid_ranges = 16'000'000;
};

}  // namespace imap
