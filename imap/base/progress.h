#pragma once
/// When the server was last heard of, on any connection of an account. Who waits for one answer
/// among many loses patience when all is silent, not when others are served first. Any thread.

#include "imap/base/deadline.h"

#include <atomic>

namespace imap {

class Progress {
 public:
  void touch() noexcept {
    last_.store(Deadline::Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  }
  Deadline::Clock::time_point last() const noexcept {
    return Deadline::Clock::time_point(
        Deadline::Clock::duration(last_.load(std::memory_order_relaxed)));
  }

 private:
  std::atomic<Deadline::Clock::rep> last_{0};
};

}  // namespace imap
