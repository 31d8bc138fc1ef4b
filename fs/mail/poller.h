#pragma once
/// A thread that does something now and then, and at once when told to. Owned by MailStore.

#include "imap/base/synchronized.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <thread>

namespace fs {

class Poller {
 public:
  /// Calls `poll` on its own thread every `interval`, the first time after one; 0: only when told.
  /// What it throws is ignored.
  Poller(std::chrono::milliseconds interval, std::function<void()> poll);
  /// Waits until `poll` has returned.
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Any thread; returns at once.
  void poll_now();

 private:
  struct State {
    bool wanted = false;
    bool ending = false;
  };

  void loop();

  const std::chrono::milliseconds interval_;
  const std::function<void()> poll_;
  imap::Synchronized<State> state_;
  std::condition_variable changed_;
  std::thread thread_;  // last: it uses the above
};

}  // namespace fs
