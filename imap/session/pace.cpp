#include "imap/session/pace.h"

#include "imap/base/errors.h"

#include <fmt/format.h>

namespace imap {

void Pace::note(Within within, std::uint64_t octets, std::chrono::nanoseconds waited) {
  octets_ += octets;
  waited_ += waited;
  const auto window = within == Within::literal ? limits_.literal_window : limits_.line_window;
  if (waited_ < window) return;
  const auto least = limits_.octets_per_second * static_cast<std::uint64_t>(window.count());
  if (octets_ < least) {
    throw TimeoutError(fmt::format("the server sent {} octets in {} seconds", octets_,
                                   std::chrono::floor<std::chrono::seconds>(waited_).count()));
  }
  restart();
}

void Pace::restart() {
  octets_ = 0;
  waited_ = {};
}

}  // namespace imap
