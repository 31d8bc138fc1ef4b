#pragma once
/// Writes bodies and the order of their use within one transaction. Writer thread only; callers use
/// it through Edit.

#include "cache/day.h"
#include "cache/rows.h"
#include "cache/schema.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace cache {

/// Counts uses: a body that was used later has the higher number. A clock would do, if it were
/// never set back.
class UsageCounter {
 public:
  explicit UsageCounter(std::uint64_t next, std::function<std::uint32_t()> today = cache::today)
      : next_(next), today_(std::move(today)) {}

  std::uint64_t take() { return next_++; }
  std::uint64_t next() const { return next_; }
  std::uint32_t today() const { return today_(); }

 private:
  std::uint64_t next_;
  std::function<std::uint32_t()> today_;
};

class BodyEdit {
 public:
  BodyEdit(WriteTxn& txn, const Tables& tables, UsageCounter& usage)
      : txn_(txn), tables_(tables), usage_(usage) {}

  /// See Edit.
  void put_chunk(BodyId body, std::uint32_t index, Bytes chunk);
  void finish(BodyId body, std::uint64_t size);
  BodyId share(const std::string& object_id, BodyId body);
  void erase(BodyId body);

  /// Makes a complete body the most recently used one. Nothing happens to others.
  void touch(BodyId body);
  /// Erases the complete body whose last use is the longest ago, if that was before `before`.
  /// Returns its size, or nothing when there is none.
  std::optional<std::uint64_t> erase_least_recently_used(std::uint64_t before);
  /// Erases that body if its last use is more than so many days ago. False when it is not, or there
  /// is none.
  bool erase_if_unused_for(std::uint32_t days);
  /// Sum of the sizes of all complete bodies.
  std::uint64_t total_bytes() const;
  /// Removes what an earlier process began to fetch and did not finish.
  void erase_unfinished();

 private:
  struct Oldest {
    std::uint64_t used = 0;
    BodyId body;
  };
  std::optional<Oldest> oldest() const;
  void erase_entry(const Oldest& entry);
  std::optional<BodyInfo> info_of(BodyId body) const;
  std::optional<BodyInfo> readable_info_of(BodyId body) const;
  void note_progress(BodyId body, std::uint32_t index, Bytes chunk);
  void require_chunks(BodyId body, std::uint64_t size);
  std::uint32_t checksum_of(BodyId body, std::uint64_t size) const;
  void erase_chunks(BodyId body);

  WriteTxn& txn_;
  const Tables& tables_;
  UsageCounter& usage_;
};

}  // namespace cache
