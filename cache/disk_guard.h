#pragma once
/// Watches how much room the disk has that the cache is on, so that the cache is not what fills it.
/// Owned and used by the writer thread.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace cache {

class DiskGuard {
 public:
  struct Space {
    std::uint64_t available = 0;
    std::uint64_t total = 0;
  };
  struct Options {
    std::filesystem::path directory;
    /// So much stays free. Nothing: 1 GiB or a twentieth of the disk, whichever is less.
    std::optional<std::uint64_t> min_free = {};
    /// Told in words for people when the disk becomes too full, and when that is over. Called on
    /// the writer thread; must not throw.
    std::function<void(const std::string&)> on_change;
    /// Of the file system of the directory, unless a test knows better. Nothing: it cannot be had.
    std::function<std::optional<Space>()> space;
  };

  explicit DiskGuard(Options options);

  /// Whether the file of the cache must not grow for more bodies. Cheap: one statvfs(2).
  bool is_low();
  /// How many octets could be written when `is_low` was asked last until it would have been.
  std::uint64_t headroom() const { return headroom_; }
  /// The disk refused a write: it is full, or a quota is used up, whatever it says of itself.
  void refused();

 private:
  using Clock = std::chrono::steady_clock;

  void enter(const std::string& why);

  const Options options_;
  bool low_ = false;
  std::uint64_t headroom_ = 0;
  std::optional<Clock::time_point> refused_;
};

}  // namespace cache
