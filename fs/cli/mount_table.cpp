#include "fs/cli/mount_table.h"

#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace fs {
namespace {

/// Undoes the kernel's `\040` for blanks and backslashes.
std::string unescaped(std::string_view text) {
  const auto is_octal = [](char c) {
    return c >= '0' && c <= '7';
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(i + 1, 3);
    if (text[i] != '\\' || digits.size() < 3 ||
        !std::all_of(digits.begin(), digits.end(), is_octal)) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
    i += 3;
  }
  return plain;
}

std::optional<uid_t> user_in(std::string_view options) {
  constexpr std::string_view kName = ",user_id=";
  const auto all = fmt::format(",{}", options);
  const auto at = all.find(kName);
  if (at == std::string::npos) return std::nullopt;
  uid_t user = 0;
  const auto* const digits = all.data() + at + kName.size();
  if (std::from_chars(digits, all.data() + all.size(), user).ec != std::errc{}) return std::nullopt;
  return user;
}

std::optional<MountEntry> parse_line(const std::string& line) {
  std::istringstream words(line);
  const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
  // ID PARENT DEVICE ROOT DIRECTORY OPTIONS [TAG...] - TYPE SOURCE OPTIONS
  constexpr std::size_t kDirectory = 4;
  constexpr std::size_t kFirstTag = 6;
  if (fields.size() <= kFirstTag) return std::nullopt;
  const auto dash = std::find(fields.begin() + kFirstTag, fields.end(), "-");
  if (std::distance(dash, fields.end()) < 3) return std::nullopt;
  const auto user = std::distance(dash, fields.end()) > 3 ? user_in(dash[3]) : std::nullopt;
  return MountEntry{unescaped(fields[kDirectory]), unescaped(dash[1]), unescaped(dash[2]), user};
}

}  // namespace

std::vector<MountEntry> parse_mount_table(std::string_view text) {
  std::vector<MountEntry> entries;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (auto entry = parse_line(line)) entries.push_back(*std::move(entry));
  }
  return entries;
}

std::vector<MountEntry> mount_table() {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) {
    throw std::system_error(ENOENT, std::generic_category(), "/proc/self/mountinfo");
  }
  return parse_mount_table(text);
}

std::optional<MountEntry> mount_at(const std::filesystem::path& directory) {
  const auto entries = mount_table();
  const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const MountEntry& entry) {
    return entry.directory == directory.native();
  });
  if (found == entries.rend()) return std::nullopt;
  return *found;
}

std::optional<MountEntry> mount_of(const std::filesystem::path& path) {
  for (auto directory = path;; directory = directory.parent_path()) {
    auto found = mount_at(directory);
    if (found || directory == directory.parent_path()) return found;
  }
}

MountEntry our_mount_at(const std::filesystem::path& directory) {
  const auto fail = [](const std::filesystem::path& where, std::string_view what) {
    throw NotMountedError(fmt::format("{} {}", safe_text(where.native()), what));
  };
  std::filesystem::path resolved;
  try {
    resolved = resolved_directory(directory);
  } catch (const std::system_error& error) {
    const auto code = error.code().value();
    if (code == ENOENT) fail(directory, "does not exist");
    if (code == ENOTDIR) fail(directory, "is not a mount point (and not a directory)");
    fail(directory, fmt::format("cannot be reached: {}", error.code().message()));
  }
  const auto mounted = mount_at(resolved);
  if (!mounted) fail(resolved, "is not a mount point");
  if (mounted->type != kMountType) {
    fail(resolved, fmt::format("is not an imapfs mount but {}", safe_text(mounted->type)));
  }
  return *mounted;
}

std::filesystem::path resolved_directory(const std::filesystem::path& directory) {
  // O_PATH: realpath(3) would ask the mounted file system, which may be dead.
  const imap::UniqueFd opened(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened) throw std::system_error(errno, std::generic_category(), directory.native());
  return std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", opened.get()));
}

}  // namespace fs
