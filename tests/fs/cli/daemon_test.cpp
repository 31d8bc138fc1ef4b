#include "fs/cli/daemon.h"

#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"

#include <sys/stat.h>

#include <filesystem>

namespace {

using fs::Daemon;

Outcome run_background(const Daemon::Work& work) {
  return forked([&] { return Daemon::run(Daemon::Mode::background, work); });
}

Outcome run_foreground(const Daemon::Work& work) {
  return forked([&] { return Daemon::run(Daemon::Mode::foreground, work); });
}

bool is_null_device(int fd) {
  struct stat status {};
  struct stat null {};
  return fstat(fd, &status) == 0 && stat("/dev/null", &null) == 0 &&
         status.st_rdev == null.st_rdev && S_ISCHR(status.st_mode);
}

}  // namespace

TEST_CASE("the command succeeds when the daemon is ready, and leaves it alone",
          "[fs][cli][daemon]") {
  Pipe seen;
  Pipe go;
  const auto outcome = run_background([&](Daemon& daemon) {
    go.writer.reset();
    daemon.ready();
    char byte = 0;
    // Only after the command has returned: the daemon outlives it.
    if (read(go.reader.get(), &byte, 1) != 0) return 1;
    const bool detached = getsid(0) == getpid() && std::filesystem::current_path() == "/";
    const bool silent = is_null_device(0) && is_null_device(1) && is_null_device(2);
    const std::string report = detached && silent ? "as promised" : "not detached";
    return write(seen.writer.get(), report.data(), report.size()) > 0 ? 0 : 1;
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.empty());
  go.writer.reset();
  CHECK(seen.drain() == "as promised");
}

TEST_CASE("a failure before the daemon is ready is the command's failure", "[fs][cli][daemon]") {
  for (const auto& run : {run_background, run_foreground}) {
    const auto failed = run([](Daemon& daemon) {
      daemon.failed("the password is\nwrong", 7);
      return 0;
    });
    CHECK(failed.exit_code == 7);
    CHECK(failed.errors == "imapfs: the password is\\nwrong\n");

    const auto thrown = run([](Daemon&) -> int { throw std::runtime_error("no such host"); });
    CHECK(thrown.exit_code == 1);
    CHECK(thrown.errors == "imapfs: no such host\n");

    const auto silent = run([](Daemon&) { return 5; });
    CHECK(silent.exit_code == 5);
    CHECK(silent.errors.empty());
  }
}

TEST_CASE("a daemon that dies before it is ready is the command's failure", "[fs][cli][daemon]") {
  const auto exited = run_background([](Daemon&) -> int { _exit(3); });
  CHECK(exited.exit_code == 1);
  CHECK(exited.errors ==
        "imapfs: the background process ended with exit code 3 before it was ready\n");

  const auto killed = run_background([](Daemon&) {
    raise(SIGKILL);
    return 0;
  });
  CHECK(killed.exit_code == 1);
  CHECK(killed.errors ==
        "imapfs: the background process was ended by signal 9 (Killed) before it was ready\n");
}

TEST_CASE("an endless message does not hold the command up", "[fs][cli][daemon]") {
  const auto outcome = run_background([](Daemon& daemon) {
    daemon.failed(std::string(1'000'000, 'x'), 1);
    return 0;
  });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.errors.size() > 1000);
  CHECK(outcome.errors.size() < 10'000);
}

TEST_CASE("in the foreground the exit code is that of the work", "[fs][cli][daemon]") {
  const auto outcome = run_foreground([](Daemon& daemon) {
    daemon.ready();
    std::fputs("still heard", stderr);
    return 4;
  });
  CHECK(outcome.exit_code == 4);
  CHECK(outcome.errors == "still heard");
  const auto late = run_foreground([](Daemon& daemon) -> int {
    daemon.ready();
    throw std::runtime_error("too late to be told");
  });
  CHECK(late.exit_code == 1);
}

TEST_CASE("what ends the command before it is ready ends both processes", "[fs][cli][daemon]") {
  enum class Target { group, command };
  for (const auto target : {Target::group, Target::command}) {
    Pipe started;  // its end tells that no process of the test is left
    const auto command = fork_to([&] {
      started.reader.reset();
      setpgid(0, 0);
      return Daemon::run(Daemon::Mode::background, [&](Daemon&) -> int {
        if (write(started.writer.get(), "s", 1) != 1) return 1;
        while (true) pause();
      });
    });
    started.writer.reset();
    char byte = 0;
    REQUIRE(read(started.reader.get(), &byte, 1) == 1);
    kill(target == Target::group ? -command : command, SIGINT);
    CHECK(read(started.reader.get(), &byte, 1) == 0);
    CHECK(exit_code_of(command) == 128 + SIGINT);
  }
}
