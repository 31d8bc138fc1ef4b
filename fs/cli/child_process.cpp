#include "fs/cli/child_process.h"

#include "imap/base/errors.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace fs {
namespace {

constexpr int kNotFound = 127;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Between fork and exec, where only async-signal-safe functions may be called.
[[noreturn]] void become(char* const* arguments, int null, int captured, int standard_fd) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (dup2(null, STDIN_FILENO) >= 0 && dup2(captured, standard_fd) >= 0) {
    execvp(arguments[0], arguments);
  }
  _exit(kNotFound);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, Captured captured,
                           const imap::WakeFd* abort)
    : abort_(abort) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);

  const imap::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw_errno("open /dev/null");
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  captured_ = imap::UniqueFd(ends[0]);
  const imap::UniqueFd writer(ends[1]);
  if (fcntl(captured_.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("fcntl");

  pid_ = fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    become(pointers.data(), null.get(), writer.get(),
           captured == Captured::output ? STDOUT_FILENO : STDERR_FILENO);
  }
  setpgid(pid_, pid_);  // here, too: whoever comes first, the group exists before we kill it
  // glibc 2.36 declares pidfd_open(2) without C linkage.
  process_ = imap::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_) {
    const int error = errno;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    throw std::system_error(error, std::generic_category(), "pidfd_open");
  }
}

ChildProcess::~ChildProcess() {
  if (reaped_) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<std::size_t> ChildProcess::read(char* room, std::size_t size,
                                              imap::Deadline deadline) {
  while (true) {
    // Asked before reading: what a program wrote is in the pipe when it has ended.
    const bool ended = has_ended(imap::Deadline(imap::Deadline::Clock::time_point{}));
    const auto count = ::read(captured_.get(), room, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw_errno("read");
    if (ended) return 0;
    throw_if_aborted();
    std::array<pollfd, 3> fds{
        {{captured_.get(), POLLIN, 0}, {process_.get(), POLLIN, 0}, {abort_fd(), POLLIN, 0}}};
    if (deadline.expired()) return std::nullopt;
    if (poll(fds.data(), fds.size(), deadline.poll_timeout()) < 0 && errno != EINTR) {
      throw_errno("poll");
    }
  }
}

bool ChildProcess::has_ended(imap::Deadline deadline) const {
  while (true) {
    std::array<pollfd, 2> fds{{{process_.get(), POLLIN, 0}, {abort_fd(), POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), deadline.poll_timeout());
    if (ready > 0 && fds[0].revents != 0) return true;
    throw_if_aborted();
    if (ready < 0 && errno != EINTR) throw_errno("poll");
    if (deadline.expired()) return false;
  }
}

void ChildProcess::throw_if_aborted() const {
  if (abort_ != nullptr && abort_->is_signalled()) {
    throw imap::CancelledError("a program was not waited for any longer");
  }
}

std::optional<int> ChildProcess::wait(imap::Deadline deadline) {
  if (!has_ended(deadline)) return std::nullopt;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("waitpid");
  }
  reaped_ = true;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace fs
