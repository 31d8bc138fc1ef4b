#include "imap/session/throttle.h"

#include "imap/base/ascii.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

namespace imap {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{50};
constexpr milliseconds kLongestStep{16'000};
constexpr milliseconds kLongest{300'000};

std::optional<milliseconds> suggested(std::string_view text) {
  constexpr std::string_view kHint = "BACKOFF TIME:";
  const auto upper = to_upper(text);
  auto at = upper.find(kHint);
  if (at == std::string::npos) return std::nullopt;
  at = upper.find_first_not_of(' ', at + kHint.size());
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(upper.data() + at, upper.data() + upper.size(), number);
  if (error == std::errc::invalid_argument) return std::nullopt;
  const bool huge = error != std::errc{} || number > static_cast<std::uint64_t>(kLongest.count());
  return huge ? kLongest : milliseconds(number);
}

}  // namespace

void Throttle::note(const Status& status) {
  const auto hint = status.condition == Condition::ok ? std::nullopt : suggested(status.text);
  const bool limited = status.condition == Condition::no && status.code == "LIMIT";
  const bool throttled =
      status.code == "THROTTLED" || status.text.find("[THROTTLED]") != std::string::npos;
  if (hint) {
    pause_ = std::max(pause_.value_or(kFirst), *hint);
  } else if (limited || throttled) {
    step_ = std::clamp(2 * step_, kFirst, kLongestStep);
    pause_ = std::max(pause_.value_or(step_), step_);
  } else {
    step_ = {};
  }
}

std::optional<milliseconds> Throttle::take() {
  return std::exchange(pause_, std::nullopt);
}

}  // namespace imap
