#pragma once
/// `imapfs fetch`: brings messages into the cache of the mount that they are in.

#include "fs/cli/options.h"

namespace fs {

/// Reads what is not in the cache yet, shows how far it is where standard error is a terminal, and
/// says what came of it on standard output, unless it is to be quiet. SIGINT and SIGTERM end it
/// in order. What cannot be read is told at the end, on standard error. Returns the exit code: 0
/// when all is there. Throws what describes it in one line when nothing was begun: a path that is
/// in no mount of ours, or a cache without room for it. To be called while the process has a
/// single thread.
int run_fetch(const FetchOptions& options);

}  // namespace fs
