#include "fs/cli/password_prompt.h"

#include "fs/cli/credentials.h"
#include "fs/cli/password_buffer.h"
#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

namespace fs {
namespace {

[[noreturn]] void fail(std::string_view what) {
  throw CredentialsError(fmt::format("asking for the password failed: {}: {}", what,
                                     std::generic_category().message(errno)));
}

/// Holds back the signals that end or stop the program, and shows in a descriptor that one has
/// come. At its end they are delivered; by then the terminal has to be in order.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigemptyset(&held_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&held_, number);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
    fd_ = imap::UniqueFd(signalfd(-1, &held_, SFD_CLOEXEC));
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  int fd() const { return fd_.get(); }
  bool only_stop_is_pending() const {
    sigset_t pending;
    sigpending(&pending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      if (sigismember(&pending, number) == 1) return false;
    }
    return true;
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
  imap::UniqueFd fd_;
};

class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) fail("tcgetattr");
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    if (tcsetattr(terminal_, TCSAFLUSH, &silent) != 0) fail("tcsetattr");
  }
  ~EchoOff() {
    // By now the shell may have put us into the background, where this would stop us halfway.
    sigset_t background_write;
    sigset_t mask;
    sigemptyset(&background_write);
    sigaddset(&background_write, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &background_write, &mask);
    tcsetattr(terminal_, TCSAFLUSH, &before_);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  const int terminal_;
  termios before_{};
};

void write_all(int terminal, std::string_view text) {
  while (!text.empty()) {
    const auto count = write(terminal, text.data(), text.size());
    if (count < 0 && errno != EINTR) fail("write");
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

enum class Answer { line, interrupted };

Answer read_line(int terminal, int signals, PasswordBuffer& buffer) {
  while (!buffer.has_line()) {
    std::array<pollfd, 2> fds{{{terminal, POLLIN, 0}, {signals, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) fail("poll");
    if (fds[1].revents != 0) return Answer::interrupted;
    if (fds[0].revents == 0) continue;
    if (buffer.is_full()) throw CredentialsError("the password typed is too long");
    const auto room = buffer.room();
    const auto count = read(terminal, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) break;
    buffer.grow(static_cast<std::size_t>(count));
  }
  return Answer::line;
}

/// Asks once. Nothing when a signal stopped the program and it goes on again.
std::optional<imap::Secret> ask(int terminal, std::string_view prompt) {
  const SignalsHeld signals;
  PasswordBuffer buffer;
  const EchoOff silence(terminal);
  // After the echo is off: nobody answers a question that is not there yet.
  write_all(terminal, prompt);
  const auto answer = read_line(terminal, signals.fd(), buffer);
  write_all(terminal, "\n");
  if (answer == Answer::line) return buffer.first_line("the terminal");
  if (signals.only_stop_is_pending()) return std::nullopt;
  throw CredentialsError("asking for the password was interrupted");
}

}  // namespace

imap::Secret password_from_terminal(std::string_view prompt) {
  const imap::UniqueFd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal) {
    throw CredentialsError(
        "there is no terminal to ask for the password: use --password-command or "
        "--password-file");
  }
  const auto question = safe_text(prompt);
  while (true) {
    if (auto password = ask(terminal.get(), question)) return *std::move(password);
  }
}

}  // namespace fs
