#pragma once
/// How long somebody who could be given what is cached waits for something newer: a moment from
/// when the server was asked, and not at all while it is silent, which is to say that it has said
/// nothing at all since somebody began to wait in vain. So of many who look at many folders of a
/// server that has vanished only the first waits. One object for each mount; any thread.

#include "imap/base/deadline.h"
#include "imap/base/progress.h"

#include <atomic>
#include <chrono>
#include <functional>

namespace fs {

class StaleWait {
 public:
  using Time = imap::Deadline::Clock::time_point;
  /// Waits until the deadline at most: whether what was waited for has come.
  using Wait = std::function<bool(imap::Deadline)>;

  /// Must not outlive the progress it looks at.
  StaleWait(const imap::Progress& progress, std::chrono::milliseconds moment)
      : progress_(progress), moment_(moment) {}

  void operator()(Time asked, const Wait& wait) {
    const auto begun = imap::Deadline::Clock::now();
    const bool silent = progress_.last() < vain_since_.load();
    const imap::Deadline deadline(silent ? begun : asked + moment_);
    if (wait(deadline) || silent || !deadline.expired() || deadline.at() < begun) return;
    vain_since_ = begun;
  }

 private:
  const imap::Progress& progress_;
  const std::chrono::milliseconds moment_;
  std::atomic<Time> vain_since_{Time::min()};
};

}  // namespace fs
