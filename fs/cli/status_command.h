#pragma once
/// `imapfs status`: what mounts of ours are doing.

#include "fs/cli/options.h"
#include "imap/base/deadline.h"

#include <chrono>
#include <string>

namespace fs {

inline constexpr auto kStatusLimit = std::chrono::seconds{5};

struct StatusReport {
  std::string text;  // for standard output, of whole lines
  bool well = true;  // else a mount does not answer, which the text says
};

/// The status of one mount, or of all that this user has made. Never waits for longer than `limit`,
/// whatever the mounts do. As JSON one object for one mount, an array without a mount point. Throws
/// what describes it in one line when there is no such mount, or none at all. To be called while
/// the process has a single thread.
StatusReport run_status(const StatusOptions& options,
                        imap::Deadline::Clock::duration limit = kStatusLimit);

}  // namespace fs
