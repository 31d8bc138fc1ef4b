#pragma once
/// Reading a file that a mount of ours tells of itself in, without ever hanging on the mount: a
/// child process reads, because a thread that waits for a file system which does not answer keeps
/// its whole process from ending.

#include "imap/base/deadline.h"
#include "imap/base/unique_fd.h"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace fs {

/// The mount does not answer, or has no such file. Says only what is wrong: `does not answer`.
class OwnFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class OwnFile {
 public:
  /// Begins to read. To be called while the process has a single thread. Throws std::system_error.
  explicit OwnFile(const std::filesystem::path& path);
  /// A child that is still waiting is told to end, and not waited for.
  ~OwnFile();
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;

  /// The content. Throws OwnFileError when it is not all there until then.
  std::string content(imap::Deadline deadline);

 private:
  pid_t child_ = -1;
  imap::UniqueFd pipe_;
};

}  // namespace fs
