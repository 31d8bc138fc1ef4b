#pragma once
/// The moment at which a wait gives up. Every wait of this program takes one. A plain value on the
/// monotonic clock, so that setting the system's time neither shortens nor prolongs it.

#include <chrono>

namespace imap {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point at) : at_(at) {}
  static Deadline after(Clock::duration wait) { return Deadline(Clock::now() + wait); }

  bool expired() const { return Clock::now() >= at_; }
  Clock::time_point at() const { return at_; }
  /// Milliseconds left as poll(2) takes them: rounded up, at least 0, at most a day.
  int poll_timeout() const;

  auto operator<=>(const Deadline&) const = default;

 private:
  Clock::time_point at_;
};

}  // namespace imap
