#include "fs/mail/scan.h"

#include <algorithm>

namespace fs {
namespace {

/// Messages foreseen at first, and at most: doubling with each wish, so that a reader of a few
/// messages costs little and a scan of many costs few round trips.
constexpr std::size_t kFirstWindow = 8;
constexpr std::size_t kLargestWindow = 256;
/// How far out of order a read may be and still belong to the scan.
constexpr std::ptrdiff_t kSlack = 64;

}  // namespace

bool Scan::advance(std::uint32_t uid) {
  const auto end = ahead_.begin() + std::min<std::ptrdiff_t>(std::ssize(ahead_), kSlack);
  const auto found = std::find(ahead_.begin(), end, uid);
  if (found == end) return false;
  ahead_.erase(ahead_.begin(), found + 1);
  last_ = uid;
  return true;
}

void Scan::observe(std::uint32_t uid, std::optional<Direction> next_to_last) {
  *this = Scan{};
  last_ = uid;
  if (!next_to_last) return;
  direction_ = next_to_last;
  beyond_ = uid;
  window_ = kFirstWindow;
}

std::optional<Scan::Wish> Scan::wish() {
  if (!direction_ || wished_ || at_end_ || ahead_.size() > window_ / 2) return std::nullopt;
  wished_ = true;
  return Wish{*direction_, beyond_, window_};
}

void Scan::foresee(std::span<const std::uint32_t> uids) {
  if (!wished_) return;
  wished_ = false;
  at_end_ = uids.size() < window_;
  window_ = std::min(window_ * 2, kLargestWindow);
  ahead_.insert(ahead_.end(), uids.begin(), uids.end());
  if (!uids.empty()) beyond_ = uids.back();
}

}  // namespace fs
