#pragma once
/// The program's log: one line for each event, made by spdlog. `run_mount` makes it once, after the
/// fork and before the threads, and hands it down.

#include "fs/cli/mount_options.h"
#include "fs/cli/recent_errors.h"

#include <spdlog/common.h>

#include <filesystem>
#include <memory>

namespace spdlog {
class logger;
}

namespace fs {

enum class LogTarget { standard_error, file, system };

/// The file if one was given; else standard error in the foreground and syslog for the daemon.
LogTarget log_target(const MountOptions& options);

/// A logger with the level and the target of these options. Any thread may use it. A line is `TIME
/// level message` (syslog adds the time by itself), and whatever the message contains it stays one
/// harmless line (see safe_text). Nothing is buffered. `recent`, if there is one, gets the warnings
/// and errors whatever the level is. Throws std::system_error when the file cannot be opened: it is
/// appended to, created for this user alone, and must be regular.
std::shared_ptr<spdlog::logger> make_log(const MountOptions& options,
                                         std::shared_ptr<RecentErrors> recent = nullptr);

}  // namespace fs
