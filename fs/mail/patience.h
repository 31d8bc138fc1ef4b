#pragma once
/// How long to wait for the server: as long as it says anything at all within the limit.

#include "imap/base/progress.h"

#include <algorithm>
#include <chrono>

namespace fs {

/// Must not outlive the progress it looks at.
class Patience {
 public:
  Patience(const imap::Progress& progress, std::chrono::milliseconds limit)
      : progress_(&progress), limit_(limit), since_(imap::Deadline::Clock::now()) {}

  /// The moment at which it ends unless the server is heard of before.
  imap::Deadline deadline() const {
    return imap::Deadline(std::max(since_, progress_->last()) + limit_);
  }

 private:
  const imap::Progress* progress_;
  std::chrono::milliseconds limit_;
  imap::Deadline::Clock::time_point since_;
};

}  // namespace fs
