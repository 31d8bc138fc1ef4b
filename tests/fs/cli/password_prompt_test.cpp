#include "fs/cli/password_prompt.h"

#include "fs/cli/credentials.h"
#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

constexpr int kOtherPassword = 50;
constexpr int kNoPassword = 51;

/// A terminal of which we are the person, and a program that asks there for `hunter2`.
class Session {
 public:
  Session() {
    std::array<int, 2> ends{};
    if (openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0) {
      throw std::runtime_error("openpty failed");
    }
    person_ = imap::UniqueFd(ends[0]);
    terminal_ = imap::UniqueFd(ends[1]);
    before_ = modes();
    program_ = fork_to([this] {
      setsid();
      if (ioctl(terminal_.get(), TIOCSCTTY, 0) != 0) return 98;
      try {
        const auto password = fs::password_from_terminal("Password for alice: ");
        return password.reveal() == "hunter2" ? 0 : kOtherPassword;
      } catch (const fs::CredentialsError&) {
        return kNoPassword;
      }
    });
  }

  /// What the terminal shows up to and including `end`.
  void read_until(std::string_view end) {
    while (shown_.find(end, seen_) == std::string::npos) {
      char byte = 0;
      if (read(person_.get(), &byte, 1) != 1) throw std::runtime_error("terminal closed");
      shown_ += byte;
    }
    seen_ = shown_.size();
  }
  void type(std::string_view text) {
    if (write(person_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("typing failed");
    }
  }
  bool echoed_before() const { return (before_.c_lflag & ECHO) != 0; }
  bool echoes() const { return (modes().c_lflag & ECHO) != 0; }
  bool is_as_before() const {
    const auto now = modes();
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag;
  }
  pid_t program() const { return program_; }
  int exit_code() const { return exit_code_of(program_); }
  const std::string& shown() const { return shown_; }

 private:
  termios modes() const {
    termios modes{};
    if (tcgetattr(terminal_.get(), &modes) != 0) throw std::runtime_error("tcgetattr failed");
    return modes;
  }

  imap::UniqueFd person_;
  imap::UniqueFd terminal_;
  termios before_{};
  pid_t program_ = -1;
  std::string shown_;
  std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("the password is typed without an echo, which comes back", "[fs][cli][prompt]") {
  Session session;
  CHECK(session.echoed_before());
  session.read_until("Password for alice: ");
  CHECK_FALSE(session.echoes());
  session.type(
      "hunter3\x7f"
      "2\n");
  session.read_until("\n");
  CHECK(session.exit_code() == 0);
  CHECK(session.is_as_before());
  CHECK(session.shown() == "Password for alice: \r\n");
}

TEST_CASE("an empty answer and the end of input are no password", "[fs][cli][prompt]") {
  for (const auto* answer : {"\n", "\x04"}) {
    Session session;
    session.read_until(": ");
    session.type(answer);
    session.read_until("\n");
    CHECK(session.exit_code() == kNoPassword);
    CHECK(session.is_as_before());
  }
}

TEST_CASE("a signal while the password is typed leaves the terminal in order",
          "[fs][cli][prompt]") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Session session;
    session.read_until(": ");
    session.type("hun");
    if (number == SIGINT) {
      session.type("\x03");
    } else {
      kill(session.program(), number);
    }
    session.read_until("\n");
    CHECK(session.exit_code() == 128 + number);
    CHECK(session.is_as_before());
    CHECK(session.shown().find("hun") == std::string::npos);
  }
}

TEST_CASE("the question is asked again after a stop", "[fs][cli][prompt]") {
  Session session;
  session.read_until(": ");
  session.type("wrong");
  // The program leads an orphaned process group, which the kernel does not stop: it goes on at
  // once.
  kill(session.program(), SIGTSTP);
  session.read_until(": ");
  CHECK_FALSE(session.echoes());
  session.type("hunter2\n");
  CHECK(session.exit_code() == 0);
  CHECK(session.is_as_before());
}

TEST_CASE("without a terminal the message says what to do", "[fs][cli][prompt]") {
  const auto outcome = forked([] {
    setsid();
    fs::password_from_terminal("Password: ");
    return 0;
  });
  CHECK(outcome.exit_code == 99);
  CHECK(outcome.errors ==
        "there is no terminal to ask for the password: use --password-command or "
        "--password-file");
}
