#include "imap/base/deadline.h"

#include <algorithm>

namespace imap {

int Deadline::poll_timeout() const {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(at_ - Clock::now());
  return static_cast<int>(
      std::clamp(left, milliseconds{0}, milliseconds{std::chrono::hours{24}}).count());
}

}  // namespace imap
