#pragma once
/// Ends the program by SIGALRM when what it guards takes more than a few seconds: nothing here
/// waits for anything. One at a time.

#include <unistd.h>

namespace tests {

class Watchdog {
 public:
  explicit Watchdog(unsigned seconds = 20) { ::alarm(seconds); }
  ~Watchdog() { ::alarm(0); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
};

}  // namespace tests
