#pragma once
/// Recognises a program that reads the messages of one mailbox in order (`grep -r`, `cat *`, `cp
/// -r`) and says what it will read next. What it will read is given to the kernel ahead, which then
/// does not ask for it; so a few of them are kept back, whose reads tell how far the program is.
/// Pure bookkeeping, one object for each mailbox, used under a lock.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace fs {

class Scan {
 public:
  /// Directories list the newest message first; tools that sort by inode number go up.
  enum class Direction { down, up };

  /// What should be known next: the UIDs that follow `beyond` in the direction.
  struct Wish {
    Direction direction;
    std::uint32_t beyond;
    std::size_t count;
  };

  /// A message was read. True when a running scan foresaw it, a little out of order included, as
  /// several threads of one program read.
  bool advance(std::uint32_t uid);
  /// The message that was read last, if it may be the first of a scan.
  std::optional<std::uint32_t> last() const { return last_; }
  /// The last one that a running scan has foreseen.
  std::optional<std::uint32_t> beyond() const;
  /// A message was read that nothing foresaw. It begins or goes on with a scan if it stands next to
  /// `last` or `beyond`, in that direction; else it only may be the first of one.
  void observe(std::uint32_t uid, std::optional<Direction> next_to_last);

  /// What to look up now, or nothing as long as enough is foreseen. A wish is made once: answer it
  /// with `foresee`.
  std::optional<Wish> wish();
  /// The UIDs that were wished for, in the direction, or the first of them; `at_end`: there are no
  /// more.
  void foresee(std::span<const std::uint32_t> uids, bool at_end);
  /// The wish cannot be answered now: it is made again.
  void postpone() { wished_ = false; }
  /// Whether the message is foreseen, was not read yet, and its read need not be heard of.
  bool may_go_ahead(std::uint32_t uid) const;

 private:
  struct Foreseen {
    std::uint32_t uid;
    bool is_kept_back;
    bool was_read = false;
  };

  std::optional<std::uint32_t> last_;
  std::optional<Direction> direction_;  // while a scan is running
  std::deque<Foreseen> ahead_;          // next first
  std::size_t passed_ = 0;              // of these, up to the furthest that was read
  std::uint32_t beyond_ = 0;            // the last one foreseen
  std::size_t window_ = 0;              // to be foreseen next
  std::size_t foreseen_ = 0;            // the last time
  bool wished_ = false;
  bool at_end_ = false;
};

}  // namespace fs
