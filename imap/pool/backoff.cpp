#include "imap/pool/backoff.h"

#include <algorithm>
#include <array>

namespace imap {

void Backoff::wait(std::chrono::milliseconds longest) {
  std::random_device random;
  const auto shorter = std::uniform_int_distribution<std::int64_t>(0, longest.count() / 4)(random);
  last_failure_ = Deadline::Clock::now();
  next_attempt_ = last_failure_ + longest - std::chrono::milliseconds(shorter);
}

bool Backoff::hurry() {
  constexpr std::chrono::seconds kShortest{5};
  const auto now = Deadline::Clock::now();
  if (now - last_failure_ > kShortest) next_attempt_ = std::min(next_attempt_, now);
  return next_attempt_ <= now;
}

void Backoff::unreachable() {
  constexpr std::chrono::milliseconds kFirst{500};
  constexpr std::chrono::milliseconds kLongest{60'000};
  const auto doubled = kFirst.count() * (std::int64_t{1} << std::min(failures_, 10));
  wait(std::min(std::chrono::milliseconds(doubled), kLongest));
  ++failures_;
}

void Backoff::refused() {
  using std::chrono::minutes;
  using std::chrono::seconds;
  constexpr std::array<std::chrono::milliseconds, 3> kWaits{seconds(30), minutes(5), minutes(60)};
  wait(kWaits.at(static_cast<std::size_t>(std::min(failures_, 2))));
  ++failures_;
}

}  // namespace imap
