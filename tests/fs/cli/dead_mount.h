#pragma once
/// A FUSE mount whose process is gone: "Transport endpoint is not connected".

#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>

#include <filesystem>
#include <memory>

class DeadMount {
 public:
  /// Nothing when this process may not mount.
  static std::unique_ptr<DeadMount> make(const std::filesystem::path& directory, const char* type) {
    const imap::UniqueFd fuse(open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!fuse) return nullptr;
    const auto options = fmt::format("fd={},rootmode=40000,user_id=0,group_id=0", fuse.get());
    const bool mounted =
        mount("imapfs-test", directory.c_str(), type, MS_NOSUID | MS_NODEV, options.c_str()) == 0;
    if (!mounted) return nullptr;
    return std::unique_ptr<DeadMount>(new DeadMount(directory));
  }
  ~DeadMount() { umount2(directory_.c_str(), MNT_DETACH); }
  DeadMount(const DeadMount&) = delete;
  DeadMount& operator=(const DeadMount&) = delete;

 private:
  explicit DeadMount(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path directory_;
};
