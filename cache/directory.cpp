#include "cache/directory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace cache {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  const auto code = std::error_code(errno, std::generic_category());
  throw Error(std::string(what) + " " + path.string() + ": " + code.message());
}

/// What the lock file says, a line each.
struct Holder {
  pid_t pid = 0;
  std::string host;
  std::string purpose;
};

constexpr std::size_t kLongestHolder = 8192;

std::string this_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Holder holder_in(int fd) {
  std::string content(kLongestHolder, '\0');
  const auto size = ::pread(fd, content.data(), content.size(), 0);
  std::string_view text(content.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  Holder holder;
  const auto pid = next_line(text);
  std::from_chars(pid.data(), pid.data() + pid.size(), holder.pid);
  holder.host = next_line(text);
  holder.purpose = next_line(text);
  return holder;
}

std::string text_of(const Holder& holder) {
  if (holder.pid <= 0) return "another process";
  auto text = "process " + std::to_string(holder.pid);
  if (!holder.host.empty() && holder.host != this_host()) text += " on " + holder.host;
  if (!holder.purpose.empty()) text += " (" + holder.purpose + ")";
  return text;
}

bool write_holder(int fd, const std::string& purpose) {
  auto text = std::to_string(::getpid()) + "\n" + this_host() + "\n" + purpose;
  std::replace(text.end() - static_cast<std::ptrdiff_t>(purpose.size()), text.end(), '\n', ' ');
  text += "\n";
  return ::ftruncate(fd, 0) == 0 &&
         ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
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

DirectoryLock::DirectoryLock(const std::filesystem::path& directory, const std::string& purpose) {
  try {
    take(directory / "lock", purpose);
  } catch (...) {
    if (fd_ >= 0) ::close(fd_);
    throw;
  }
}

DirectoryLock::~DirectoryLock() {
  ::close(fd_);  // the file stays: removing it would let two processes lock two files of one name
}

void DirectoryLock::take(const std::filesystem::path& file, const std::string& purpose) {
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("cannot open", file);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("cannot lock", file);
    const auto holder = holder_in(fd_);
    throw LockedError(
        "the cache in " + file.parent_path().string() + " is in use by " + text_of(holder),
        holder.pid);
  }
  // On a full disk the lock holds all the same, it only does not say whose it is.
  if (!write_holder(fd_, purpose) && errno != ENOSPC && errno != EDQUOT) fail("cannot write", file);
}

}  // namespace cache
