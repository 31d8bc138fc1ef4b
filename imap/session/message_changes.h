#pragma once
/// What the commands that change messages take and give. Plain values.

#include "imap/base/flags.h"
#include "imap/base/ids.h"
#include "imap/base/uid_set.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace imap {

enum class FlagChange { add, remove };

/// Where copies went, as far as the server said.
struct CopyResult {
  UidValidity uid_validity;  // of the target; 0: not said
  UidSet source;
  UidSet target;

  /// The copy of the only message that was copied. Of several nobody knows which became which: the
  /// sets have no order (Yahoo and Gmail sort them).
  std::optional<Uid> only() const {
    if (source.size() != 1 || target.size() != 1) return std::nullopt;
    return target.front();
  }
};

/// A message on its way to the server.
struct NewMessage {
  /// Fills the span from its beginning and says with how many octets; 0: there is no more. What it
  /// throws ends the connection, as does an end before `size`.
  using Source = std::function<std::size_t(std::span<std::byte>)>;
  /// Besides lines of 7 or 8 bits, which any server takes.
  enum class Content {
    plain,
    binary,        // NUL in it (RFC 3516)
    utf8_headers,  // UTF-8 in its header fields (RFC 6855)
  };

  std::uint64_t size = 0;  // octets
  Source source;
  Flags flags{};
  std::optional<std::int64_t> internal_date{};  // Unix seconds
  Content content = Content::plain;
};

}  // namespace imap
