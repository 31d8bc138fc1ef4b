#pragma once
/// What `imapfs mount` was asked to do, checked and complete: a plain value that main passes down.

#include "fs/cli/source.h"
#include "fs/mail/delete_policy.h"
#include "imap/session/sasl/login_method.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fs {

enum class LogLevel { trace, debug, info, warn, error };

/// All paths are absolute, because the daemon's working directory is `/`; an empty path or text
/// means that the option was not given.
struct MountOptions {
  Source source;
  std::filesystem::path mountpoint;  // as given: not resolved, need not exist
  bool foreground = false;
  bool read_only = false;
  bool sync = false;
  DeletePolicy delete_policy = DeletePolicy::automatic;

  std::filesystem::path ca_file;
  bool allow_plaintext = false;
  std::string password_command;  // INVARIANT: at most one of command and file is given
  std::filesystem::path password_file;
  std::string token_command;          // INVARIANT: excludes both of these
  std::filesystem::path client_cert;  // INVARIANT: there is a key for it
  std::filesystem::path client_key;
  std::vector<std::string> tls_pins;  // each `sha256//BASE64`
  std::optional<imap::LoginMethod> auth;

  std::filesystem::path cache_dir;  // the root of all accounts; see account_cache_dir()
  std::filesystem::path state_dir;  // likewise of what must not be lost; see account_state_dir()
  std::uint64_t cache_size = 0;
  std::uint32_t cache_max_age_days = 0;  // 0: for ever
  std::optional<std::uint64_t> cache_min_free;
  unsigned connections = 0;
  std::string names;  // a checked template: ends with `{uid}.eml`
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds poll_interval{0};  // 0: never

  LogLevel log_level = LogLevel::info;
  std::filesystem::path log_file;
  std::filesystem::path trace_file;

  bool allow_other = false;  // INVARIANT: at most one of allow_other and allow_root
  bool allow_root = false;
  bool default_permissions = false;
  std::string fsname;   // the source's URL unless given
  std::string subtype;  // "imapfs" unless given

  bool operator==(const MountOptions&) const = default;
};

}  // namespace fs
