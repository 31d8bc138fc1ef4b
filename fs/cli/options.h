#pragma once
/// The command line: which command, with which options. Reads the environment (for the default
/// cache directory) and the working directory, touches nothing else.

#include "fs/cli/mount_options.h"
#include "fs/cli/source.h"
#include "fs/cli/usage_error.h"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fs {

struct UmountOptions {
  std::filesystem::path mountpoint;  // absolute, not resolved

  bool operator==(const UmountOptions&) const = default;
};

struct CacheOptions {
  enum class Action { info, verify, clear };

  Action action = Action::info;
  std::filesystem::path cache_dir;  // absolute; the root of all accounts
  std::optional<Source> source;     // none: all of them

  bool operator==(const CacheOptions&) const = default;
};

struct StatusOptions {
  std::optional<std::filesystem::path> mountpoint;  // as given; none: all mounts of this user
  bool json = false;

  bool operator==(const StatusOptions&) const = default;
};

struct FetchOptions {
  std::vector<std::filesystem::path> paths;  // as given; at least one
  bool quiet = false;
  bool force = false;  // though the cache has no room for it

  bool operator==(const FetchOptions&) const = default;
};

struct SyncOptions {
  std::vector<std::filesystem::path> paths;  // as given; none: all mounts of this user

  bool operator==(const SyncOptions&) const = default;
};

struct FlagOptions {
  std::vector<std::filesystem::path> paths;  // as given; at least one
  std::vector<std::string> changes;          // such as `+\Seen`, `-work`; at least one

  bool operator==(const FlagOptions&) const = default;
};

struct HelpOptions {
  std::string text;  // what to print, ends with a newline

  bool operator==(const HelpOptions&) const = default;
};

struct VersionOptions {
  bool operator==(const VersionOptions&) const = default;
};

using CommandLine =
    std::variant<MountOptions, UmountOptions, StatusOptions, FetchOptions, SyncOptions, FlagOptions,
                 CacheOptions, HelpOptions, VersionOptions>;

/// Reads the arguments that follow the program's name. A long option given on its own wins over the
/// same one within `-o`; otherwise the last one wins. `imapfs SOURCE MOUNTPOINT ...` means `imapfs
/// mount ...`, because that is how mount(8) calls a file system. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace fs
