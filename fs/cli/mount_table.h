#pragma once
/// What is mounted where, as the kernel tells (proc(5), /proc/self/mountinfo).

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

struct MountEntry {
  std::string directory;  // absolute, unescaped
  std::string type;       // with the subtype: `fuse.imapfs`
  std::string source;

  bool operator==(const MountEntry&) const = default;
};

/// Reads the text of a mountinfo file, oldest mount first; lines that are something else are
/// skipped. Pure.
std::vector<MountEntry> parse_mount_table(std::string_view text);

/// The topmost mount on exactly this directory, which must be absolute and without links. Throws
/// std::system_error when the table cannot be read.
std::optional<MountEntry> mount_at(const std::filesystem::path& directory);

/// The directory as the kernel names it, without links, also when a dead file system is mounted on
/// it. Asks nothing of the file system mounted there, so it cannot hang on one. Throws
/// std::system_error.
std::filesystem::path resolved_directory(const std::filesystem::path& directory);

}  // namespace fs
