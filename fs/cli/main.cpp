/// The program: reads the command line, runs the command, and turns what went wrong into one line
/// on standard error and an exit code (0 done, 1 failed, 2 bad usage).

#include "fs/cli/cache_command.h"
#include "fs/cli/change_commands.h"
#include "fs/cli/fetch_command.h"
#include "fs/cli/mount_command.h"
#include "fs/cli/options.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/status_command.h"
#include "fs/cli/umount_command.h"
#include "fs/cli/version.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

int print(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? kDone : kFailed;
}

int run(const fs::MountOptions& options) {
  return fs::run_mount(options);
}

int run(const fs::UmountOptions& options) {
  fs::run_umount(options);
  return kDone;
}

int run(const fs::StatusOptions& options) {
  const auto result = fs::run_status(options);
  const auto printed = print(result.text);
  return result.well ? printed : kFailed;
}

int run(const fs::FetchOptions& options) {
  return fs::run_fetch(options);
}

int run(const fs::SyncOptions& options) {
  return fs::run_sync(options);
}

int run(const fs::FlagOptions& options) {
  return fs::run_flag(options);
}

int run(const fs::CacheOptions& options) {
  const auto result = fs::run_cache(options);
  const auto printed = print(result.text);
  return result.well ? printed : kFailed;
}

int run(const fs::HelpOptions& options) {
  return print(options.text);
}

int run(const fs::VersionOptions&) {
  return print(fs::version_text());
}

int complain(std::string_view message, int exit_code) {
  const auto line = fmt::format("imapfs: {}\n", fs::safe_text(message));
  std::fputs(line.c_str(), stderr);
  return exit_code;
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return std::visit([](const auto& options) { return run(options); },
                      fs::parse_command_line(arguments));
  } catch (const fs::UsageError& error) {
    return complain(error.what(), kBadUsage);
  } catch (const std::exception& error) {
    return complain(error.what(), kFailed);
  }
}
