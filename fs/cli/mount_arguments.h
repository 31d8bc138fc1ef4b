#pragma once
/// The long options of `imapfs mount`: one table from which the parser, the help text and the names
/// that `-o` accepts are made, and the check of what was given.

#include "fs/cli/mount_options.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fs {

/// The command line's values as they were written.
struct MountArguments {
  std::string source;
  std::string mountpoint;
  bool foreground = false;
  bool read_only = false;
  bool sync = false;
  bool allow_plaintext = false;
  std::optional<std::string> delete_policy;
  std::optional<std::string> tls;
  std::optional<std::string> ca_file;
  std::optional<std::string> password_command;
  std::optional<std::string> password_file;
  std::optional<std::string> token_command;
  std::optional<std::string> client_cert;
  std::optional<std::string> client_key;
  std::optional<std::string> tls_pin;
  std::optional<std::string> auth;
  std::optional<std::string> cache_dir;
  std::optional<std::string> state_dir;
  std::optional<std::string> cache_size;
  std::optional<std::string> cache_max_age;
  std::optional<std::string> cache_min_free;
  std::optional<std::string> connections;
  std::optional<std::string> names;
  std::optional<std::string> poll_interval;
  std::optional<std::string> timeout;
  std::optional<std::string> log_level;
  std::optional<std::string> log_file;
  std::optional<std::string> trace;
};

/// One long option: a switch or one with a value. Exactly one of the members is set.
struct LongOption {
  std::string_view name;         // without the dashes
  std::string_view value;        // what stands for the value in the help text; empty: a switch
  std::string_view description;  // one line
  bool MountArguments::*on = nullptr;
  std::optional<std::string> MountArguments::*text = nullptr;
};

/// Every long option of `imapfs mount`, in the order of the help text.
std::span<const LongOption> mount_long_options();

/// The directory of all caches that `--cache-dir` names, or the usual one. Throws UsageError.
std::filesystem::path checked_cache_dir(const std::optional<std::string>& text);

/// Checks every value and fills in the defaults, except those that only `-o` sets. Throws
/// UsageError with the option's name and never with a value that may be secret.
MountOptions checked_mount_options(const MountArguments& arguments);

}  // namespace fs
