#pragma once
/// The directory of the cache: private to the user, and used by one process at a time.

#include "cache/errors.h"

#include <filesystem>
#include <string>

namespace cache {

/// Makes the directory, and those above it that are missing, for its owner only. One that is there
/// stays as it is. Throws Error when that cannot be done.
void make_private_directory(const std::filesystem::path& directory);

/// Exclusive use of a directory, until destruction or the end of the process, however it ends.
class DirectoryLock {
 public:
  /// `purpose` is what other processes are told that this one does with it, one line such as `the
  /// mount on /home/alice/mail`; may be empty. Throws LockedError when another process has it.
  explicit DirectoryLock(const std::filesystem::path& directory, const std::string& purpose = {});
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  void take(const std::filesystem::path& file, const std::string& purpose);

  int fd_ = -1;
};

}  // namespace cache
