#pragma once
/// `imapfs sync` and `imapfs flag`: what is done to mail besides what the shell's tools do.

#include "fs/cli/options.h"

namespace fs {

/// Waits until the server has all changes that were made in the mounts of these paths, and says on
/// standard error what it refused. Returns the exit code: 0 when everything was made.
int run_sync(const SyncOptions& options);

/// Changes the flags of messages. Says on standard error which could not be changed and goes on
/// with the others. Returns the exit code: 0 when all were changed.
int run_flag(const FlagOptions& options);

}  // namespace fs
