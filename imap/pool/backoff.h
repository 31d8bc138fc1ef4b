#pragma once
/// When the next attempt to connect may be made. A plain value, used under the pool's lock; every
/// time comes from the caller.

#include "imap/base/deadline.h"

#include <chrono>

namespace imap {

class Backoff {
 public:
  using Time = Deadline::Clock::time_point;

  /// After the server could not be reached: 0.5 s, doubling to a minute, each a random part shorter
  /// so that many clients do not come back at once.
  void unreachable(Time now);
  /// After a refused login: half a minute, five minutes, then an hour. Servers lock accounts.
  void refused(Time now);
  void succeeded() { *this = Backoff{}; }
  /// Somebody wants the server: the next attempt may be made at once if the last one is five
  /// seconds old.
  void hurry(Time now);
  /// What failed may work now: as `hurry`, if the last attempt is half a second old.
  void network_changed(Time now);

  Time next_attempt() const { return next_attempt_; }
  int failures() const { return failures_; }

 private:
  void wait(Time now, std::chrono::milliseconds longest);
  void retry_after(Time now, std::chrono::milliseconds shortest);

  int failures_ = 0;
  Time last_failure_{};
  Time next_attempt_{};
};

}  // namespace imap
