#pragma once
/// The claim on the outcome of one job. Whoever submitted the job waits on it; the job does not
/// care whether anybody still waits. Any thread.

#include "imap/base/deadline.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace imap {

class Ticket {
 public:
  Ticket();

  /// Waits for the job to end and throws what it threw. TimeoutError when `patience` passes without
  /// the job ending or the connection that runs it receiving anything; CancelledError when `stop`
  /// is requested. The job itself goes on in both cases.
  void wait(std::chrono::milliseconds patience, const std::stop_token& stop) const;
  /// Waits no longer than `deadline`: whether the job has ended. Never throws the job's error.
  bool wait_until(Deadline deadline, const std::stop_token& stop) const;
  bool is_done() const;
  /// Has `react` called with the outcome (null: it went well) as soon as the job has ended, on the
  /// thread that ends it, or here and now when it has ended already. One reaction for each ticket,
  /// which must not throw.
  void on_done(std::function<void(std::exception_ptr)> react) const;

  /// The connection thread's side.
  void finish(std::exception_ptr error) const;
  void progress() const;

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool done = false;
    std::exception_ptr error;
    std::function<void(std::exception_ptr)> reaction;
    Deadline::Clock::time_point last_progress = Deadline::Clock::now();
  };

  std::shared_ptr<State> state_;
};

}  // namespace imap
