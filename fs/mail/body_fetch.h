#pragma once
/// One body on its way from the server to the cache and to all who wait for it. The connection
/// thread fills it, the cache's writer takes its chunks over, readers wait for the range they want.
/// Shared by all three, hence any thread.

#include "cache/rows.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/patience.h"
#include "imap/base/deadline.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace fs {

/// What has arrived of a body. Chunks leave memory when they are in the cache; where the cache
/// cannot take them they stay.
class BodyData {
 public:
  using Chunk = std::shared_ptr<const std::vector<std::byte>>;
  /// Told of each complete chunk, on the connection thread.
  using OnChunk = std::function<void(std::uint32_t index, const Chunk& chunk)>;

  BodyData(cache::BodyId id, std::uint64_t size, OnChunk on_chunk);

  cache::BodyId id() const { return id_; }
  std::uint64_t size() const { return size_; }

  // The connection thread's side.

  /// Waits while more than a few MiB are on their way to the cache.
  void append(std::span<const std::byte> piece);
  /// Hands out the last chunk.
  void complete();

  // The cache writer's side.

  void stored(std::uint32_t index);
  /// The cache does not take chunks: they stay in memory from now on.
  void keep_in_memory();

  // The readers' side.

  std::uint64_t received() const;
  bool is_kept_in_memory() const;
  /// A chunk that has arrived at least in part: its octets so far, or null when it is in the cache.
  Chunk chunk(std::uint32_t index) const;

 private:
  void hand_out(std::unique_lock<std::mutex>& lock);

  const cache::BodyId id_;
  const std::uint64_t size_;
  const OnChunk on_chunk_;
  mutable std::mutex mutex_;
  std::condition_variable stored_;
  // Guarded by mutex_.
  std::vector<Chunk> chunks_;  // null: in the cache
  std::vector<std::byte> filling_;
  std::uint64_t received_ = 0;
  std::size_t in_memory_ = 0;
  bool kept_ = false;
};

/// The meeting point of those who want one message's body and the job that gets it.
class BodyFetch {
 public:
  /// The body begins: its true size is known.
  void begin(std::shared_ptr<BodyData> data);
  /// The body was cut off: what has come of it does not count, it may begin again.
  void lose();
  /// More of it has arrived.
  void arrived();
  /// All of it has arrived, or `error` says why not. The first call counts.
  void finish(std::exception_ptr error);
  bool is_finished() const;
  /// The true size, once the body has begun.
  std::optional<std::uint64_t> size() const;

  /// Waits until the body has begun and `end` octets of it, or all, have arrived. Throws what the
  /// fetch failed with, imap::TimeoutError when patience ends, imap::CancelledError when
  /// interrupted.
  std::shared_ptr<BodyData> wait_for(std::uint64_t end, const Patience& patience,
                                     Interrupt& interrupt);

 private:
  bool has(std::uint64_t end) const;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::shared_ptr<BodyData> data_;
  bool finished_ = false;
  std::exception_ptr error_;
};

}  // namespace fs
