#pragma once
/// What is mounted where, as the kernel tells (proc(5), /proc/self/mountinfo).

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

struct MountEntry {
  std::string directory;  // absolute, unescaped
  std::string type;       // with the subtype: `fuse.imapfs`
  std::string source;
  std::optional<uid_t> user{};  // who made it, of a FUSE mount

  bool operator==(const MountEntry&) const = default;
};

/// There is no mount of ours. One clear line.
class NotMountedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the text of a mountinfo file, oldest mount first; lines that are something else are
/// skipped. Pure.
std::vector<MountEntry> parse_mount_table(std::string_view text);

/// The table of this process. Throws std::system_error when it cannot be read.
std::vector<MountEntry> mount_table();

/// The topmost mount on exactly this directory, which must be absolute and without links. Throws
/// std::system_error when the table cannot be read.
std::optional<MountEntry> mount_at(const std::filesystem::path& directory);

/// The mount that this path, absolute and without links, is in. As mount_at.
std::optional<MountEntry> mount_of(const std::filesystem::path& path);

inline constexpr std::string_view kMountType = "fuse.imapfs";

/// The mount of ours on this directory, which may be relative or lead there by links. Throws
/// NotMountedError. Asks nothing of what is mounted.
MountEntry our_mount_at(const std::filesystem::path& directory);

/// The directory as the kernel names it, without links, also when a dead file system is mounted on
/// it. Asks nothing of the file system mounted there, so it cannot hang on one. Throws
/// std::system_error.
std::filesystem::path resolved_directory(const std::filesystem::path& directory);

}  // namespace fs
