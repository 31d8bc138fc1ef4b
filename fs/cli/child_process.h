#pragma once
/// A program that runs beside this one and is waited for with a deadline. One owner; the program
/// and its process group are killed and reaped when the owner leaves before it ended.

#include "imap/base/deadline.h"
#include "imap/base/unique_fd.h"
#include "imap/base/wake_fd.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace fs {

class ChildProcess {
 public:
  enum class Captured { output, errors };

  /// Starts `arguments[0]`, searched in PATH, in a process group of its own with /dev/null as its
  /// input; of its output and errors one is captured, the other inherited. It dies with the thread
  /// that started it. Throws std::system_error; a program that does not exist ends with 127. While
  /// `abort` is signalled, every wait for it ends with imap::CancelledError.
  ChildProcess(const std::vector<std::string>& arguments, Captured captured,
               const imap::WakeFd* abort = nullptr);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Reads what it wrote: bytes read, 0 at the end. The end is also when the program ended and
  /// nothing is left to read, even if something that it started keeps the pipe open. Nothing when
  /// the deadline passed.
  std::optional<std::size_t> read(char* room, std::size_t size, imap::Deadline deadline);

  /// The exit code, or 128 plus the signal that ended it; nothing when the deadline passed.
  std::optional<int> wait(imap::Deadline deadline);

 private:
  bool has_ended(imap::Deadline deadline) const;
  void throw_if_aborted() const;
  int abort_fd() const { return abort_ == nullptr ? -1 : abort_->fd(); }  // poll(2) skips -1

  pid_t pid_ = -1;
  imap::UniqueFd process_;  // a pidfd
  imap::UniqueFd captured_;
  const imap::WakeFd* const abort_;
  bool reaped_ = false;
};

}  // namespace fs
