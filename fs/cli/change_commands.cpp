#include "fs/cli/change_commands.h"

#include "fs/cli/mount_table.h"
#include "fs/cli/own_file.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/status_json.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace fs {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr std::chrono::seconds kStatusLimit{5};

void complain(const std::filesystem::path& path, std::string_view what) {
  fmt::print(stderr, "imapfs: {}: {}\n", safe_text(path.native()), what);
}

/// What is still to be done in the mount that the path is in, in words; or nothing.
std::string left_in(const std::filesystem::path& path) {
  try {
    const auto mount = mount_of(std::filesystem::canonical(path));
    if (!mount) return {};
    OwnFile status(std::filesystem::path(mount->directory) / ".imapfs" / "status");
    const auto left = pending_changes(status.content(imap::Deadline::after(kStatusLimit)));
    return left && *left > 0 ? fmt::format("; {} changes are kept, and made when it can be", *left)
                             : std::string{};
  } catch (const std::exception&) {
    return {};
  }
}

std::string message_of(int error) {
  switch (error) {
    case ENETUNREACH:
      return "the server cannot be reached";
    case ETIMEDOUT:
      return "the server does not answer";
    default:
      return std::generic_category().message(error) + " (see imapfs status)";
  }
}

std::vector<std::filesystem::path> all_of_this_user() {
  std::vector<std::filesystem::path> mounts;
  for (const auto& mount : mount_table()) {
    if (mount.type == kMountType && mount.user == ::geteuid()) mounts.emplace_back(mount.directory);
  }
  return mounts;
}

void require_mount_of_ours(const std::filesystem::path& path) {
  std::error_code error;
  const auto canonical = std::filesystem::canonical(path, error);
  if (error) {
    throw std::runtime_error(fmt::format("{}: {}", safe_text(path.native()), error.message()));
  }
  const auto mount = mount_of(canonical);
  if (!mount || mount->type != kMountType) {
    throw std::runtime_error(fmt::format("{} is in no mount of imapfs", safe_text(path.native())));
  }
}

}  // namespace

int run_sync(const SyncOptions& options) {
  for (const auto& path : options.paths) require_mount_of_ours(path);
  int result = kDone;
  for (const auto& path : options.paths.empty() ? all_of_this_user() : options.paths) {
    // The kernel hands syncfs(2) to no file system of this kind: fsync(2) is the barrier.
    const imap::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd && ::fsync(fd.get()) == 0) continue;
    const auto error = errno;
    complain(path, message_of(error) + left_in(path));
    result = kFailed;
  }
  return result;
}

int run_flag(const FlagOptions& options) {
  const auto value = fmt::format("{}", fmt::join(options.changes, " "));
  int result = kDone;
  for (const auto& path : options.paths) {
    if (::setxattr(path.c_str(), "user.imap.flags", value.data(), value.size(), 0) == 0) continue;
    const auto error = errno;
    const bool is_other = error == ENOTSUP || error == ENODATA;
    complain(path, is_other ? "not a message in a mount of imapfs"
                            : std::generic_category().message(error));
    result = kFailed;
  }
  return result;
}

}  // namespace fs
