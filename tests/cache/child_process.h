#pragma once
/// A process that a test forks, in order to lock against it or to kill it. It tells the test how
/// far it is by writing octets. Fork while the test itself has no thread but the main one.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <functional>
#include <stdexcept>

class ChildProcess {
 public:
  /// Tells the parent that one more step is done.
  using Report = std::function<void()>;

  /// The child exits with what `body` returns, or 99 when it throws.
  explicit ChildProcess(const std::function<int(const Report&)>& body) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      ::close(ends[0]);
      ::_exit(run(body, ends[1]));
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  ~ChildProcess() {
    if (pid_ > 0) kill();
    ::close(reports_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  /// Waits for so many reports. False when the child ended before.
  bool wait_for_reports(int count) {
    for (; count > 0; --count) {
      char octet = 0;
      if (::read(reports_, &octet, 1) != 1) return false;
    }
    return true;
  }
  /// With SIGKILL. Returns when the process is gone.
  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  /// The exit code, or -1 when it was killed.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  static int run(const std::function<int(const Report&)>& body, int pipe) {
    try {
      return body([pipe] { [[maybe_unused]] const auto written = ::write(pipe, ".", 1); });
    } catch (const std::exception&) {
      return 99;
    }
  }

  pid_t pid_ = 0;
  int reports_ = -1;
};
