#pragma once
/// The time of last use, as coarse as the age of a body needs it.

#include <chrono>
#include <cstdint>

namespace cache {

/// Days since 1970 by the clock of the system, which may be set back.
inline std::uint32_t today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto days = std::chrono::duration_cast<std::chrono::days>(now).count();
  return days > 0 ? static_cast<std::uint32_t>(days) : 0;
}

}  // namespace cache
