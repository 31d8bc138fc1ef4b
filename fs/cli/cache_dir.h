#pragma once
/// Where the cache and the journal live: one directory for each account below a common root.
/// Nothing here touches the file system.

#include "fs/cli/mount_options.h"
#include "fs/cli/source.h"

#include <filesystem>
#include <string>

namespace fs {

/// `$XDG_CACHE_HOME/imapfs`, else `~/.cache/imapfs`, `~` being $HOME or what the user database
/// says. Relative values are ignored, as the XDG specification asks. Throws UsageError when there
/// is no home.
std::filesystem::path default_cache_dir();

/// `user@host:port` as one file name: never hidden, at most 255 bytes, different for different
/// accounts.
std::string account_directory(const Source& source);

/// The directory of the account that these options mount; it need not exist.
std::filesystem::path account_cache_dir(const MountOptions& options);

/// `$XDG_STATE_HOME/imapfs`, else `~/.local/state/imapfs`: for what the server does not have yet.
/// Throws as default_cache_dir.
std::filesystem::path default_state_dir();

/// The same of one account; it need not exist.
std::filesystem::path account_state_dir(const MountOptions& options);

/// Where the new files go that the server did not take before the end of a mount.
std::filesystem::path account_lost_dir(const MountOptions& options);

}  // namespace fs
