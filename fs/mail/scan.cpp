#include "fs/mail/scan.h"

#include <algorithm>

namespace fs {
namespace {

/// Messages foreseen at first, and at most: four times as many with each wish, so that a reader of
/// a few messages costs little and a scan of many costs few round trips.
constexpr std::size_t kFirstWindow = 8;
constexpr std::size_t kLargestWindow = 2048;
/// How far out of order a read may be and still belong to the scan.
constexpr std::size_t kSlack = 64;
/// One of so many is kept back.
constexpr std::size_t kHeardOf = 32;

}  // namespace

bool Scan::advance(std::uint32_t uid) {
  const auto found = std::ranges::find(ahead_, uid, &Foreseen::uid);
  if (found == ahead_.end()) return false;
  found->was_read = true;
  passed_ = std::max(passed_, static_cast<std::size_t>(found - ahead_.begin()) + 1);
  while (!ahead_.empty() && (ahead_.front().was_read || passed_ > kSlack)) {
    ahead_.pop_front();
    --passed_;
  }
  last_ = uid;
  return true;
}

std::optional<std::uint32_t> Scan::beyond() const {
  return direction_ ? std::optional(beyond_) : std::nullopt;
}

void Scan::observe(std::uint32_t uid, std::optional<Direction> next_to_last) {
  const auto window = next_to_last == direction_ ? window_ : 0;
  *this = Scan{};
  last_ = uid;
  if (!next_to_last) return;
  direction_ = next_to_last;
  beyond_ = uid;
  window_ = std::max(kFirstWindow, window);
}

std::optional<Scan::Wish> Scan::wish() {
  if (!direction_ || wished_ || at_end_ || ahead_.size() - passed_ > foreseen_ / 2) {
    return std::nullopt;
  }
  wished_ = true;
  return Wish{*direction_, beyond_, window_};
}

void Scan::foresee(std::span<const std::uint32_t> uids, bool at_end) {
  if (!wished_) return;
  wished_ = false;
  at_end_ = at_end;
  foreseen_ = uids.size();
  window_ = std::min(window_ * 4, kLargestWindow);
  for (std::size_t i = 1; i <= uids.size(); ++i) {
    ahead_.push_back({uids[i - 1], i % kHeardOf == 0 || i == uids.size()});
  }
  if (!uids.empty()) beyond_ = uids.back();
}

bool Scan::may_go_ahead(std::uint32_t uid) const {
  const auto found = std::ranges::find(ahead_, uid, &Foreseen::uid);
  return found != ahead_.end() && !found->is_kept_back && !found->was_read;
}

}  // namespace fs
