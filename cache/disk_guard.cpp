#include "cache/disk_guard.h"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

namespace cache {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::uint64_t kMostKeptFree = 1024 * kMebibyte;
/// A disk that refused a write is not asked again sooner.
constexpr auto kRest = std::chrono::minutes{10};

std::optional<DiskGuard::Space> space_of(const std::filesystem::path& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) return std::nullopt;
  return DiskGuard::Space{space.available, space.capacity};
}

std::string in_mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / kMebibyte) + " MiB";
}

}  // namespace

DiskGuard::DiskGuard(Options options) : options_(std::move(options)) {}

bool DiskGuard::is_low() {
  headroom_ = 0;
  if (refused_ && Clock::now() - *refused_ < kRest) return true;
  const auto space = options_.space ? options_.space() : space_of(options_.directory);
  if (!space) {
    if (!low_) headroom_ = std::numeric_limits<std::uint64_t>::max();
    return low_;
  }
  const auto min_free = options_.min_free.value_or(std::min(kMostKeptFree, space->total / 20));
  headroom_ = space->available - std::min(space->available, min_free);
  if (!low_ && space->available < min_free) {
    enter("the disk with the cache " + options_.directory.string() + " has only " +
          in_mebibytes(space->available) + " left (see --cache-min-free)");
  } else if (low_ && space->available >= min_free + min_free / 8) {
    low_ = false;
    refused_.reset();
    if (options_.on_change) {
      options_.on_change("the disk with the cache " + options_.directory.string() +
                         " has room again");
    }
  }
  return low_;
}

void DiskGuard::refused() {
  refused_ = Clock::now();
  if (!low_) enter("the disk with the cache " + options_.directory.string() + " is full");
}

void DiskGuard::enter(const std::string& why) {
  low_ = true;
  if (!options_.on_change) return;
  options_.on_change(why +
                     ": messages that were not read for long leave the cache, and what finds "
                     "no room there is fetched anew each time");
}

}  // namespace cache
