#include "fs/cli/own_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>

namespace fs {
namespace {

/// A content of any size arrives in one piece and its end can be told from that of a child that has
/// died: the first octets are the error, the last one is this.
constexpr char kEnd = '\0';

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const auto written = ::write(fd, octets.data(), octets.size());
    if (written <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// In the child. Returns the error.
int read_file(const char* path, std::string& content) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  std::array<char, 65536> room{};
  while (true) {
    const auto count = ::read(fd, room.data(), room.size());
    if (count < 0) return errno;
    if (count == 0) return 0;
    content.append(room.data(), static_cast<std::size_t>(count));
  }
}

[[noreturn]] void pass_on(const char* path, int pipe) {
  ::signal(SIGPIPE, SIG_DFL);
  std::string content(sizeof(int), '\0');
  const int error = read_file(path, content);
  std::memcpy(content.data(), &error, sizeof error);
  content += kEnd;
  write_all(pipe, content);
  ::_exit(0);
}

}  // namespace

OwnFile::OwnFile(const std::filesystem::path& path) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  pipe_ = imap::UniqueFd(ends[0]);
  const imap::UniqueFd writer(ends[1]);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child_ == 0) pass_on(path.c_str(), writer.get());
}

OwnFile::~OwnFile() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, WNOHANG);
}

std::string OwnFile::content(imap::Deadline deadline) {
  std::string content;
  std::array<char, 65536> room{};
  while (true) {
    pollfd readable{pipe_.get(), POLLIN, 0};
    const int ready = ::poll(&readable, 1, deadline.poll_timeout());
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) throw OwnFileError("does not answer");
    const auto count = ::read(pipe_.get(), room.data(), room.size());
    if (count <= 0) break;
    content.append(room.data(), static_cast<std::size_t>(count));
  }
  if (content.size() <= sizeof(int) || content.back() != kEnd)
    throw OwnFileError("does not answer");
  int error = 0;
  std::memcpy(&error, content.data(), sizeof error);
  if (error != 0) throw OwnFileError(std::generic_category().message(error));
  return content.substr(sizeof error, content.size() - sizeof error - 1);
}

}  // namespace fs
