#include "fs/cli/daemon.h"

#include "fs/cli/safe_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace fs {
namespace {

// The first byte of a report; a failure goes on with the exit code and the message.
constexpr char kReady = 'r';
constexpr char kFailed = 'f';
constexpr std::size_t kLongestReport = 4096;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void complain(std::string_view message) {
  if (message.empty()) return;
  const auto line = fmt::format("imapfs: {}\n", safe_text(message));
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

bool send_report(int parent, std::string_view report) {
  // No SIGPIPE: a parent that was killed is an answer, not the end.
  const auto sent = send(parent, report.data(), report.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(report.size());
}

std::string receive_report(int child) {
  std::string report;
  std::array<char, 512> room{};
  while (report.size() < kLongestReport) {
    const auto count = read(child, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    report.append(room.data(), static_cast<std::size_t>(count));
  }
  return report;
}

int reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("waitpid");
  }
  return status;
}

void detach() {
  if (setsid() < 0) throw_errno("setsid");
  if (chdir("/") != 0) throw_errno("chdir /");
  const imap::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw_errno("open /dev/null");
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup2(null.get(), standard) < 0) throw_errno("dup2");
  }
}

void live_with(pid_t parent) {
  // Whoever kills the command while it starts means the whole of it.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
}

void live_alone() {
  prctl(PR_SET_PDEATHSIG, 0);
}

}  // namespace

int Daemon::run(Mode mode, const Work& work) {
  if (mode == Mode::foreground) return Daemon(imap::UniqueFd()).perform(work);

  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw_errno("socketpair");
  }
  imap::UniqueFd to_child(ends[0]);
  imap::UniqueFd to_parent(ends[1]);
  const auto parent = getpid();
  std::fflush(nullptr);  // or both processes write what is still buffered
  const auto child = fork();
  if (child < 0) throw_errno("fork");
  if (child > 0) {
    to_parent.reset();
    return wait_for(child, std::move(to_child));
  }
  to_child.reset();
  live_with(parent);
  const int code = Daemon(std::move(to_parent)).perform(work);
  std::fflush(nullptr);
  _exit(code);
}

int Daemon::wait_for(int child, imap::UniqueFd reports) {
  const auto report = receive_report(reports.get());
  if (report.starts_with(kReady)) return 0;
  if (report.size() >= 2 && report.front() == kFailed) {
    complain(std::string_view(report).substr(2));
    return static_cast<unsigned char>(report[1]);
  }
  const int status = reap(child);
  const auto how = WIFSIGNALED(status)
                       ? fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                                     strsignal(WTERMSIG(status)))
                       : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  complain(fmt::format("the background process {} before it was ready", how));
  return 1;
}

int Daemon::perform(const Work& work) {
  try {
    const int code = work(*this);
    if (state_ == State::starting) failed("", code);
    if (state_ == State::ready && exit_code_ == 0) exit_code_ = code;
  } catch (const std::exception& error) {
    failed(error.what(), 1);
  } catch (...) {
    failed("unknown error", 1);
  }
  return exit_code_;
}

void Daemon::notice(std::string_view message) const {
  if (parent_ && state_ == State::starting) complain(message);
}

void Daemon::ready() {
  if (std::exchange(state_, State::ready) != State::starting || !parent_) return;
  detach();
  live_alone();
  const auto parent = std::exchange(parent_, imap::UniqueFd());
  if (!send_report(parent.get(), std::string(1, kReady))) {
    throw std::runtime_error("the command that started this daemon is gone");
  }
}

void Daemon::failed(std::string_view message, int exit_code) {
  exit_code_ = exit_code;
  if (std::exchange(state_, State::failed) != State::starting) return;
  if (!parent_) {
    complain(message);
    return;
  }
  live_alone();  // the parent leaves now, and there may be something to clean up
  const auto parent = std::exchange(parent_, imap::UniqueFd());
  std::string report{kFailed, static_cast<char>(exit_code)};
  report += message.substr(0, kLongestReport - report.size());
  send_report(parent.get(), report);
}

}  // namespace fs
