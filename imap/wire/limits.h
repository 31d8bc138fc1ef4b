#pragma once
/// How much a server may send before it is taken for broken or hostile. One set for each
/// connection; every limit is counted on what was received, and nothing is allocated by a length
/// that was only announced. What compression may make of few octets is limited where it is undone
/// (imap/net/deflate_stream.h).

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace imap {

struct Limits {
  // Octets. What exceeds them ends the connection.

  /// One line without its literals.
  std::size_t line = std::size_t{64} << 10;
  /// A line of SEARCH, ESEARCH, VANISHED or FETCH: 100,000 UIDs are one line of 700 KB.
  std::size_t long_line = std::size_t{64} << 20;
  /// One literal that is kept in memory: headers, names.
  std::size_t literal = std::size_t{1} << 20;
  /// All that is kept in memory of one response.
  std::size_t response = std::size_t{65} << 20;
  /// All responses to one command, without bodies.
  std::uint64_t answer = std::uint64_t{256} << 20;
  /// One message body: streamed, never kept.
  std::uint64_t body = std::uint64_t{512} << 20;
  /// One challenge of a login, in base64.
  std::size_t challenge = std::size_t{64} << 10;

  // Octets and elements of one response. What exceeds them makes no sense: it is dropped.

  /// Open parentheses within one response.
  std::size_t depth = 64;
  /// Elements of any one list.
  std::size_t list_items = 100'000;
  /// Octets of the name of a mailbox, of a prefix of names, or of a quota root.
  std::size_t name = 4096;
  /// Attributes of one mailbox.
  std::size_t attributes = 256;
  /// Namespaces of one user.
  std::size_t namespaces = 64;
  /// Octets of an object id: RFC 8474 allows 255.
  std::size_t object_id = 255;
  /// Ranges of one UID set.
  std::size_t uid_ranges = 16'000'000;

  // The same, where the rest is left out and what there is room for counts.

  /// Keywords or labels of one message, and octets of one.
  std::size_t flags = 256;
  std::size_t flag = 256;
  /// Atoms of all that a server says it can do, and octets of one.
  std::size_t capabilities = 512;
  std::size_t capability = 256;
  /// Octets of a response code, which is left out as a whole. The UID sets of COPYUID and MODIFIED
  /// are as long as a line may be: whoever lost them would not know what has become of messages.
  std::size_t response_code = std::size_t{8} << 10;
  /// Quota roots of one mailbox.
  std::size_t quota_roots = 64;

  // Responses and rounds of one connection.

  /// Mailboxes of one account.
  std::size_t mailboxes = 50'000;
  /// Responses to one command, and what comes along.
  std::uint64_t responses = 10'000'000;
  /// Responses that come while no command waits for its answer.
  std::uint64_t unasked = 10'000;
  /// Lines before the greeting.
  std::size_t banner_lines = 100;
  /// Empty lines between two responses.
  std::size_t empty_lines = 1000;
  /// Responses that make no sense, and are dropped, before the connection is.
  int malformed = 20;
  /// Challenges of one login: GSSAPI needs the most, and never as many.
  int challenges = 20;

  // Time that is spent waiting for the server; see Pace. Each wait has a limit of its own besides
  // (Connection::Settings::timeout).

  /// The least that comes in a second while a response is unfinished,
  std::uint64_t octets_per_second = 1024;
  /// on average over so long once a literal has begun,
  std::chrono::seconds literal_window{60};
  /// and over so long before: some servers write what they find while they search.
  std::chrono::seconds line_window{300};
};

}  // namespace imap
