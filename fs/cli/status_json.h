#pragma once
/// The content of `.imapfs/status`: one place where it is made. Names and meanings stand in
/// imapfs-semantics(7); programs rely on them. Pure.

#include "fs/cli/recent_errors.h"
#include "fs/mail/account_status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

/// What a mount as a whole has to tell. Holds no secret.
struct MountStatus {
  std::string source;  // URL without password
  std::string mountpoint;
  std::int64_t mounted_at = 0;
  std::int64_t process = 0;
  std::string cache_directory;
  std::uint64_t cache_limit = 0;
  AccountStatus account;
  std::vector<RecentErrors::Entry> errors;
};

/// JSON with a newline at its end. What is not UTF-8 is replaced.
std::string to_json(const MountStatus& status);

/// How many changes the server does not have yet, out of such a text; nothing when it is none.
std::optional<std::uint64_t> pending_changes(std::string_view json);

/// How much more the cache of a mount with this status can hold without anything leaving it.
/// Nothing when it does not say so.
std::optional<std::uint64_t> cache_room(std::string_view json);

}  // namespace fs
