#pragma once
/// Reads files in a few threads and throws away what they contain: through a mount, this brings
/// messages into its cache. Owned by one thread.

#include "fs/cli/fetch_plan.h"
#include "fs/cli/fetch_progress.h"
#include "imap/base/deadline.h"
#include "imap/base/synchronized.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace fs {

class FileReader {
 public:
  /// Begins to read these files, in their order as far as several threads keep one.
  FileReader(std::vector<FetchPlan::File> files, unsigned threads);
  /// Stops.
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  FetchProgress progress() const;
  /// Waits until all has been read, or for `time`. Whether the threads have ended.
  bool wait(std::chrono::milliseconds time);
  /// Gives up what is left, also in the middle of a file. The kernel lets no thread go that waits
  /// for a page, unless its process ends: after a moment such a thread is left to that end.
  void stop();
  /// A line for each file that could not be read.
  std::vector<std::string> complaints() const;

 private:
  struct State {
    std::size_t next = 0;
    std::size_t running = 0;  // threads
    FetchProgress progress;
    std::vector<std::string> complaints;
  };
  /// What the threads use, as long as any of them lives.
  class Work;

  const imap::Deadline::Clock::time_point begun_ = imap::Deadline::Clock::now();
  const std::shared_ptr<Work> work_;
};

}  // namespace fs
