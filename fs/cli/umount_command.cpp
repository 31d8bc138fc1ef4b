#include "fs/cli/umount_command.h"

#include "fs/cli/child_process.h"
#include "fs/cli/mount_table.h"
#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace fs {
namespace {

constexpr int kNotFound = 127;
constexpr std::chrono::seconds kFinishLimit{15};

[[noreturn]] void fail(const std::filesystem::path& directory, std::string_view what) {
  throw UmountError(fmt::format("{} {}", safe_text(directory.native()), what));
}

[[noreturn]] void fail_busy(const std::filesystem::path& directory) {
  fail(directory, "is busy: a program has a file open there or works in it");
}

void unmount_as_root(const std::filesystem::path& directory) {
  if (umount2(directory.c_str(), UMOUNT_NOFOLLOW) == 0) return;
  if (errno == EBUSY) fail_busy(directory);
  if (errno == EINVAL) return;  // somebody else was faster: the wait below tells
  fail(directory, fmt::format("cannot be unmounted: {}", std::generic_category().message(errno)));
}

/// The beginning of what it writes, which is all that a person needs.
std::string words_of(ChildProcess& child, imap::Deadline deadline) {
  std::string said;
  std::array<char, 512> room{};
  while (const auto count = child.read(room.data(), room.size(), deadline)) {
    if (*count == 0) break;
    if (said.size() < room.size()) said.append(room.data(), *count);
  }
  return said;
}

void unmount_as_user(const std::filesystem::path& directory, imap::Deadline deadline) {
  ChildProcess helper({"fusermount3", "-u", "--", directory.native()},
                      ChildProcess::Captured::errors);
  auto said = words_of(helper, deadline);
  const auto code = helper.wait(deadline);
  if (!code) fail(directory, "cannot be unmounted: fusermount3 does not answer");
  if (*code == 0) return;
  if (*code == kNotFound && said.empty()) {
    fail(directory, "cannot be unmounted: fusermount3 is not installed");
  }
  if (said.find("busy") != std::string::npos) fail_busy(directory);
  while (said.ends_with('\n')) said.pop_back();
  fail(directory, fmt::format("cannot be unmounted: {}", safe_text(said)));
}

/// Gives the mount the time to send what is left, in a process of its own: a mount whose process is
/// gone or stopped answers nobody. What could not be sent is said, and kept by the mount.
void finish_changes(const std::filesystem::path& directory, const std::string& program,
                    imap::Deadline deadline) {
  ChildProcess sync({program, "sync", "--", directory.native()}, ChildProcess::Captured::errors);
  const auto said = words_of(sync, deadline);
  if (sync.wait(deadline) && !said.empty()) fmt::print(stderr, "{}", said);
}

bool is_ours(const std::filesystem::path& directory) {
  const auto mounted = mount_at(directory);
  return mounted && mounted->type == kMountType;
}

/// The kernel marks the mount table as urgent to poll(2) whenever it changes.
void wait_until_gone(const std::filesystem::path& directory, imap::Deadline deadline) {
  const imap::UniqueFd table(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  while (is_ours(directory)) {
    if (!table || deadline.expired()) fail(directory, "is still mounted");
    pollfd changes{table.get(), POLLPRI, 0};
    if (poll(&changes, 1, deadline.poll_timeout()) < 0 && errno != EINTR) {
      fail(directory, "is still mounted");
    }
  }
}

}  // namespace

void run_umount(const UmountOptions& options, imap::Deadline::Clock::duration limit,
                const std::string& program) {
  const auto deadline = imap::Deadline::after(limit);
  const std::filesystem::path directory = our_mount_at(options.mountpoint).directory;
  finish_changes(directory, program, std::min(deadline, imap::Deadline::after(kFinishLimit)));
  if (geteuid() == 0) {
    unmount_as_root(directory);
  } else {
    unmount_as_user(directory, deadline);
  }
  wait_until_gone(directory, deadline);
}

}  // namespace fs
