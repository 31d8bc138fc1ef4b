#pragma once
/// `imapfs umount`: ends a mount of ours, also one whose process is gone.

#include "fs/cli/options.h"
#include "imap/base/deadline.h"

#include <stdexcept>
#include <string>

namespace fs {

/// The mount is still there. One clear line.
class UmountError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr auto kUmountLimit = std::chrono::seconds{30};

/// Returns when nothing of ours is mounted on the directory any more. Only a mount of type
/// `fuse.imapfs` is touched; root calls umount2(2), others fusermount3(1). Throws NotMountedError
/// where there is none of ours, UmountError when it is busy or still there after `limit`.
/// Before that the mount has some seconds to send what is left; `program` is this one, which waits
/// for that, and says on standard error what is kept.
void run_umount(const UmountOptions& options, imap::Deadline::Clock::duration limit = kUmountLimit,
                const std::string& program = "/proc/self/exe");

}  // namespace fs
