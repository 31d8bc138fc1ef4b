#include "cache/directory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

namespace cache {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  const auto code = std::error_code(errno, std::generic_category());
  throw Error(std::string(what) + " " + path.string() + ": " + code.message());
}

pid_t pid_in(int fd) {
  std::array<char, 16> text{};
  const auto size = ::pread(fd, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
  return pid;
}

}  // namespace

void make_private_directory(const std::filesystem::path& directory) {
  std::filesystem::path so_far;
  for (const auto& part : std::filesystem::absolute(directory).lexically_normal()) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // A parent that is there may refuse for another reason, as a read-only file system does.
    const auto error = errno;
    std::error_code ignored;
    if (std::filesystem::is_directory(so_far, ignored)) continue;
    errno = error;
    fail("cannot make the directory", so_far);
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw Error(directory.string() + " is not a directory");
  }
}

DirectoryLock::DirectoryLock(const std::filesystem::path& directory) {
  try {
    take(directory / "lock");
  } catch (...) {
    if (fd_ >= 0) ::close(fd_);
    throw;
  }
}

DirectoryLock::~DirectoryLock() {
  ::close(fd_);  // the file stays: removing it would let two processes lock two files of one name
}

void DirectoryLock::take(const std::filesystem::path& file) {
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("cannot open", file);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("cannot lock", file);
    const auto holder = pid_in(fd_);
    throw LockedError("the cache in " + file.parent_path().string() + " is in use by " +
                          (holder > 0 ? "process " + std::to_string(holder) : "another process"),
                      holder);
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  const bool written = ::ftruncate(fd_, 0) == 0 &&
                       ::pwrite(fd_, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  // On a full disk the lock holds all the same, it only does not say whose it is.
  if (!written && errno != ENOSPC && errno != EDQUOT) fail("cannot write", file);
}

}  // namespace cache
