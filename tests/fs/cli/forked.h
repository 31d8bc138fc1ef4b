#pragma once
/// Runs a piece of a test in a process of its own: what it says on standard error and how it ends.
/// Main thread only, while there is no other.

#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

struct Outcome {
  int exit_code = 0;   // 128 plus the signal that ended it
  std::string errors;  // all that it and its children wrote to standard error
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    reader = imap::UniqueFd(ends[0]);
    writer = imap::UniqueFd(ends[1]);
  }
  /// Everything until all writers are gone.
  std::string drain() {
    writer.reset();
    std::string text;
    std::array<char, 512> room{};
    for (ssize_t count = 0; (count = read(reader.get(), room.data(), room.size())) > 0;) {
      text.append(room.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  imap::UniqueFd reader;
  imap::UniqueFd writer;
};

inline int exit_code_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// A child that ends with what `work` returns, or 99 when it throws.
inline pid_t fork_to(const std::function<int()>& work) {
  std::fflush(nullptr);
  const auto child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  // Catch2 catches these to report them; here the process has to die of them.
  for (const int number : {SIGTERM, SIGINT, SIGABRT, SIGSEGV}) signal(number, SIG_DFL);
  int code = 99;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s", error.what());
  }
  std::fflush(nullptr);
  _exit(code);
}

inline Outcome forked(const std::function<int()>& work) {
  Pipe errors;
  const auto child = fork_to([&] {
    dup2(errors.writer.get(), STDERR_FILENO);
    errors.reader.reset();
    errors.writer.reset();
    return work();
  });
  Outcome outcome;
  outcome.errors = errors.drain();
  outcome.exit_code = exit_code_of(child);
  return outcome;
}
