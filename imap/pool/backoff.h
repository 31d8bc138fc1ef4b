#pragma once
/// When the next attempt to connect may be made. A plain value, used under the pool's lock.

#include "imap/base/deadline.h"

#include <chrono>
#include <random>

namespace imap {

class Backoff {
 public:
  /// After the server could not be reached: 0.5 s, doubling to a minute, each a random part shorter
  /// so that many clients do not come back at once.
  void unreachable();
  /// After a refused login: half a minute, five minutes, then an hour. Servers lock accounts.
  void refused();
  void succeeded() { *this = Backoff{}; }
  /// Somebody wants the server now: the next attempt may be made at once if the last one is five
  /// seconds old. Whether it is due now.
  bool hurry();

  Deadline::Clock::time_point next_attempt() const { return next_attempt_; }
  int failures() const { return failures_; }

 private:
  void wait(std::chrono::milliseconds longest);

  int failures_ = 0;
  Deadline::Clock::time_point last_failure_{};
  Deadline::Clock::time_point next_attempt_{};
};

}  // namespace imap
