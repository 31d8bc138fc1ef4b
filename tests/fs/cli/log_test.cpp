#include "fs/cli/log.h"

#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <system_error>

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

fs::MountOptions logging_to(const std::filesystem::path& path) {
  fs::MountOptions options;
  options.log_file = path;
  return options;
}

}  // namespace

TEST_CASE("the log goes where the options say", "[fs][cli][log]") {
  fs::MountOptions options;
  CHECK(fs::log_target(options) == fs::LogTarget::system);
  options.foreground = true;
  CHECK(fs::log_target(options) == fs::LogTarget::standard_error);
  options.log_file = "/l";
  CHECK(fs::log_target(options) == fs::LogTarget::file);
}

TEST_CASE("a log file is private, appended to, and has one line for each event", "[fs][cli][log]") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "log";
  for (const auto* const text : {"first", "second"}) {
    fs::make_log(logging_to(path))->info("{} event", text);
  }
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600U);
  const std::regex lines(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info first event\n)"
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info second event\n)");
  CHECK(std::regex_match(content(path), lines));
}

TEST_CASE("what a server sends cannot forge log lines", "[fs][cli][log]") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "log";
  fs::make_log(logging_to(path))
      ->warn("server said {}", "hi\r\n2026-11-23T00:00:00.000+00:00 info forged\x1b[2J\xff");
  const auto text = content(path);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find("warning server said hi\\r\\n2026-11-23T00:00:00.000+00:00 info "
                  "forged\\x1B[2J\\xFF\n") != std::string::npos);
}

TEST_CASE("the log level holds back what is less urgent", "[fs][cli][log]") {
  const TemporaryDirectory directory;
  auto options = logging_to(directory.path() / "log");
  using fs::LogLevel;
  int expected = 5;
  for (const auto level :
       {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    options.log_level = level;
    std::filesystem::remove(options.log_file);
    const auto log = fs::make_log(options);
    log->trace("x");
    log->debug("x");
    log->info("x");
    log->warn("x");
    log->error("x");
    const auto text = content(options.log_file);
    CHECK(std::count(text.begin(), text.end(), '\n') == expected--);
  }
}

TEST_CASE("in the foreground the log is on standard error", "[fs][cli][log]") {
  const auto outcome = forked([] {
    fs::MountOptions options;
    options.foreground = true;
    fs::make_log(options)->info("hello");
    return 0;
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.ends_with(" info hello\n"));
}

TEST_CASE("a log file that cannot be one is refused", "[fs][cli][log]") {
  const TemporaryDirectory directory;
  CHECK_THROWS_AS(fs::make_log(logging_to(directory.path())), std::system_error);
  CHECK_THROWS_AS(fs::make_log(logging_to(directory.path() / "none/log")), std::system_error);
  const auto fifo = directory.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THROWS_AS(fs::make_log(logging_to(fifo)), std::system_error);
}
