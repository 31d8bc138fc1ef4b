#include "imap/pool/backoff.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace imap {

void Backoff::wait(Time now, std::chrono::milliseconds longest) {
  std::random_device random;
  const auto shorter = std::uniform_int_distribution<std::int64_t>(0, longest.count() / 4)(random);
  last_failure_ = now;
  next_attempt_ = now + longest - std::chrono::milliseconds(shorter);
}

void Backoff::hurry(Time now) {
  retry_after(now, std::chrono::seconds(5));
}

void Backoff::network_changed(Time now) {
  retry_after(now, std::chrono::milliseconds(500));
}

void Backoff::retry_after(Time now, std::chrono::milliseconds shortest) {
  if (now - last_failure_ >= shortest) next_attempt_ = std::min(next_attempt_, now);
}

void Backoff::unreachable(Time now) {
  constexpr std::chrono::milliseconds kFirst{500};
  constexpr std::chrono::milliseconds kLongest{60'000};
  const auto doubled = kFirst.count() * (std::int64_t{1} << std::min(failures_, 10));
  wait(now, std::min(std::chrono::milliseconds(doubled), kLongest));
  ++failures_;
}

void Backoff::refused(Time now) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  constexpr std::array<std::chrono::milliseconds, 3> kWaits{seconds(30), minutes(5), minutes(60)};
  wait(now, kWaits.at(static_cast<std::size_t>(std::min(failures_, 2))));
  ++failures_;
}

}  // namespace imap
