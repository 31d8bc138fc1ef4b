#pragma once
/// The signals that end the program, turned into a stop request. Made before any other thread, so
/// that every thread has them blocked and one thread alone waits for them.

#include <csignal>
#include <stop_token>
#include <thread>

namespace fs {

class EndSignals {
 public:
  /// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it will start.
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  /// Stop is requested by the first SIGINT or SIGTERM. SIGHUP is taken and ignored: a terminal that
  /// closes does not end a mount.
  std::stop_token token() const { return stop_.get_token(); }

 private:
  void listen();

  sigset_t signals_{};
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace fs
