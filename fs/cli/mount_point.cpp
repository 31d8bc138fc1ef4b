#include "fs/cli/mount_point.h"

#include "fs/cli/mount_table.h"
#include "fs/cli/safe_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace fs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

std::string message_of(int error) {
  return std::generic_category().message(error);
}

/// All that is said about one directory begins with its name.
class Refusal {
 public:
  explicit Refusal(const std::filesystem::path& directory)
      : directory_(safe_text(directory.native())) {}

  [[noreturn]] void raise(std::string_view what) const {
    throw MountPointError(fmt::format("mount point {} {}", directory_, what));
  }
  [[noreturn]] void raise(int error) const {
    switch (error) {
      case ENOENT:
        raise("does not exist (create it first)");
      case ENOTDIR:
        raise("is not a directory");
      case ENOTCONN:
      case ECONNABORTED:
        raise(fmt::format("has a mount whose process is gone ({}): end it with `imapfs umount {}`",
                          message_of(error), directory_));
      default:
        raise(fmt::format("cannot be used: {}", message_of(error)));
    }
  }

 private:
  const std::string directory_;
};

std::filesystem::path resolved(const std::filesystem::path& directory, const Refusal& refusal) {
  try {
    return resolved_directory(directory);
  } catch (const std::system_error& error) {
    refusal.raise(error.code().value());
  }
}

void check_permission(const std::filesystem::path& directory, const struct stat& status,
                      const Refusal& refusal) {
  if (geteuid() == 0) return;
  if (faccessat(AT_FDCWD, directory.c_str(), W_OK, AT_EACCESS) != 0) {
    refusal.raise("is not writable for you, as it must be to mount there");
  }
  if ((status.st_mode & S_ISVTX) != 0 && status.st_uid != geteuid()) {
    refusal.raise("has the sticky bit and belongs to another user");
  }
}

void check_empty(const std::filesystem::path& path, const Refusal& refusal) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) refusal.raise(errno);
  while (const auto* const entry = readdir(directory.get())) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") refusal.raise("is not empty");
  }
}

}  // namespace

std::filesystem::path checked_mount_point(const std::filesystem::path& directory) {
  const Refusal refusal(directory);
  const auto path = resolved(directory, refusal);
  struct stat status {};
  const int error = stat(path.c_str(), &status) == 0 ? 0 : errno;
  if (error == ENOTCONN || error == ECONNABORTED) refusal.raise(error);
  if (const auto mounted = mount_at(path)) {
    // The kernel may still remember the attributes of a mount that has just died.
    struct statvfs answer {};
    if (statvfs(path.c_str(), &answer) != 0 && (errno == ENOTCONN || errno == ECONNABORTED)) {
      refusal.raise(errno);
    }
    refusal.raise(fmt::format("is already a mount point ({})", safe_text(mounted->type)));
  }
  if (error != 0) refusal.raise(error);
  check_permission(path, status, refusal);
  check_empty(path, refusal);
  return path;
}

}  // namespace fs
