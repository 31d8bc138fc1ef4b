#pragma once
/// Whether a directory can be mounted on, asked before anything else is tried: nobody should type a
/// password only to learn that the directory does not exist.

#include <filesystem>
#include <stdexcept>

namespace fs {

/// One clear line: what is wrong with the directory and what to do about it.
class MountPointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Returns the directory as the kernel names it when it exists, is empty, nothing is mounted on it
/// and this user may mount there (as fusermount3(1) sees it: writable, and the user's own where the
/// sticky bit is set). Throws MountPointError.
std::filesystem::path checked_mount_point(const std::filesystem::path& directory);

}  // namespace fs
