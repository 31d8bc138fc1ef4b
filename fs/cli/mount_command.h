#pragma once
/// `imapfs mount`: everything between the checked options and the exit code.

#include "fs/cli/mount_options.h"

namespace fs {

/// Mounts the account and serves it until it is unmounted or the process is told to end (SIGINT,
/// SIGTERM). Returns the exit code: 0 when the mount answered and, in the foreground, ended in
/// order; else 1, after one line on standard error. Unless `options.foreground` is set, it forks
/// and returns in the calling process as soon as the mount answers or has failed. What is wrong
/// before anything is tried is thrown: MountPointError for the directory, std::exception in
/// general; main prints it. To be called once, by main, before any thread exists.
int run_mount(const MountOptions& options);

}  // namespace fs
