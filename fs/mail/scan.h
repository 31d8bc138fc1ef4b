#pragma once
/// Recognises a program that reads the messages of one mailbox in order (`grep -r`, `cat *`, `cp
/// -r`) and says what it will read next. Pure bookkeeping, one object for each mailbox, used under
/// a lock.

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
  /// A message was read that nothing foresaw. It begins or goes on with a scan if it stands next to
  /// the last one, in that direction; else it only may be the first of one.
  void observe(std::uint32_t uid, std::optional<Direction> next_to_last);

  /// What to look up now, or nothing as long as enough is foreseen. A wish is made once: answer it
  /// with `foresee`.
  std::optional<Wish> wish();
  /// The UIDs that were wished for, in the direction; fewer than wished for at the end.
  void foresee(std::span<const std::uint32_t> uids);

 private:
  std::optional<std::uint32_t> last_;
  std::optional<Direction> direction_;  // while a scan is running
  std::deque<std::uint32_t> ahead_;     // foreseen and not read yet, next first
  std::uint32_t beyond_ = 0;            // the last one foreseen
  std::size_t window_ = 0;
  bool wished_ = false;
  bool at_end_ = false;
};

}  // namespace fs
