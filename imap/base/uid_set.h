#pragma once
/// A set of UIDs kept as ascending, disjoint, non-adjacent ranges: a mailbox of a million messages
/// without gaps is one range. Never expanded, so a hostile `1:4294967295` costs one entry. A plain
/// value.

#include "imap/base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

struct UidRange {
  Uid first;
  Uid last;  // INVARIANT: first <= last, first >= 1
  auto operator<=>(const UidRange&) const = default;
};

class UidSet {
 public:
  UidSet() = default;
  explicit UidSet(Uid uid) { add(uid); }
  UidSet(Uid first, Uid last) { add(first, last); }

  /// Reads the `sequence-set` grammar without `*` (RFC 3501 section 9), ranges in either order and
  /// overlapping. UID 0 and empty elements are dropped, as real servers send them
  /// (dovecot/core#162). Nothing when the text is something else or names more than `max_ranges`
  /// ranges.
  static std::optional<UidSet> parse(std::string_view text, std::size_t max_ranges);

  /// Adding ascending UIDs one by one is amortised O(1); anything else is O(log n + moved ranges).
  /// UID 0 is ignored: it is no UID.
  void add(Uid uid) { add(uid, uid); }
  void add(Uid first, Uid last);
  void add(const UidSet& other);

  bool contains(Uid uid) const;
  bool empty() const { return ranges_.empty(); }
  /// Number of UIDs; up to 2^32 - 1.
  std::uint64_t size() const;
  /// The lowest and the highest UID. The set must not be empty.
  Uid front() const { return ranges_.front().first; }
  Uid back() const { return ranges_.back().last; }

  UidSet without(const UidSet& other) const;
  UidSet intersected(const UidSet& other) const;
  /// The `count` highest UIDs, or all when there are fewer.
  UidSet highest(std::uint64_t count) const;
  /// The UIDs below `uid`.
  UidSet below(Uid uid) const;

  const std::vector<UidRange>& ranges() const { return ranges_; }
  /// As a command takes it: `1:4,7`. Empty for the empty set, which no command takes.
  std::string to_string() const;

  bool operator==(const UidSet&) const = default;

 private:
  // INVARIANT: ascending; each range begins at least 2 above the end of the one before.
  std::vector<UidRange> ranges_;
};

}  // namespace imap
