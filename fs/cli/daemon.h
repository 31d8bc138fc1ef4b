#pragma once
/// Becoming a daemon so that the command's exit code tells the truth: the process that the user
/// started waits until the work is under way or has failed. In the foreground the same calls
/// work without another process.

#include "imap/base/unique_fd.h"

#include <functional>
#include <string_view>
#include <utility>

namespace fs {

class Daemon {
 public:
  enum class Mode { foreground, background };
  using Work = std::function<int(Daemon&)>;

  /// Runs `work` and returns the exit code for the process that the user started.
  ///
  /// Foreground: that is what `work` returns, or what `failed` said.
  ///
  /// Background: forks first, so no thread may exist yet. `work` runs in the child, which stays in
  /// the foreground process group with its standard streams (it may ask for a password, Ctrl-C ends
  /// both) until it calls `ready`. The parent returns 0 at `ready`; the given code after `failed`;
  /// 1 when `work` throws or the child dies before either, and says so. The child never returns
  /// from here: it ends with what `work` returns, without running static destructors.
  ///
  /// Everything thrown by `work` counts as failed with exit code 1. Throws std::system_error only
  /// when it cannot start.
  static int run(Mode mode, const Work& work);

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// The work is under way. Background: detaches (new session, `/` as working directory, standard
  /// streams at /dev/null) and lets the parent go; from here on only the log is heard. Throws
  /// std::runtime_error when the parent was killed meanwhile: then nobody wants the work any more.
  /// To be called once, by the thread that runs `work`; other threads may exist by then.
  void ready();

  /// Something that the user should know while the work starts: appears on the user's standard
  /// error as `imapfs: message`. After `ready`, and in the foreground, where the log is heard, it
  /// does nothing.
  void notice(std::string_view message) const;

  /// The work cannot be done: the message appears once on the user's standard error, as
  /// `imapfs: message`, and the command's exit code is this one. Return from `work` afterwards;
  /// its own return value no longer matters. After `ready` it does nothing but set the exit code.
  void failed(std::string_view message, int exit_code);

 private:
  explicit Daemon(imap::UniqueFd parent) : parent_(std::move(parent)) {}

  int perform(const Work& work);
  static int wait_for(int child, imap::UniqueFd reports);

  imap::UniqueFd parent_;  // open in the background until it was told the outcome
  enum class State { starting, ready, failed } state_ = State::starting;
  int exit_code_ = 0;
};

}  // namespace fs
