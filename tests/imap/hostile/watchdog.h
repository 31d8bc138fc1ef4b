#pragma once
/// Ends the program by SIGALRM when what it guards takes more than a few seconds: nothing here
/// waits for anything. One at a time.

#include <unistd.h>

namespace tests {

class Watchdog {
#if defined(__SANITIZE_THREAD__)
  static constexpr unsigned kSlowdown = 20;
#else
  static constexpr unsigned kSlowdown = 1;
#endif

 public:
  explicit Watchdog(unsigned seconds = 20) {
    ::alarm(seconds * kSlowdown);
  }
  ~Watchdog() {
    ::alarm(0);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
};

}  // namespace tests
