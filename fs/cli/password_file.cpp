#include "fs/cli/password_file.h"

#include "fs/cli/credentials.h"
#include "fs/cli/password_buffer.h"
#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace fs {
namespace {

class Problem {
 public:
  explicit Problem(const std::filesystem::path& path)
      : file_(fmt::format("password file {}", safe_text(path.native()))) {}

  const std::string& file() const { return file_; }
  [[noreturn]] void raise(std::string_view what) const {
    throw CredentialsError(fmt::format("{} {}", file_, what));
  }
  [[noreturn]] void raise_errno(std::string_view what) const {
    raise(fmt::format("{}: {}", what, std::generic_category().message(errno)));
  }

 private:
  const std::string file_;
};

void check_private(int fd, const Problem& problem) {
  struct stat status {};
  if (fstat(fd, &status) != 0) problem.raise_errno("cannot be examined");
  if (!S_ISREG(status.st_mode)) problem.raise("is not a regular file");
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    problem.raise("belongs to another user");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    problem.raise("is open to group or others: chmod 600 it");
  }
}

}  // namespace

imap::Secret password_from_file(const std::filesystem::path& path) {
  const Problem problem(path);
  // Non-blocking, or a FIFO would hold us before it can be refused.
  const imap::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) problem.raise_errno("cannot be opened");
  check_private(file.get(), problem);

  PasswordBuffer buffer;
  while (!buffer.has_line()) {
    if (buffer.is_full()) problem.raise("has no password: its first line is too long");
    const auto room = buffer.room();
    const auto count = read(file.get(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) problem.raise_errno("cannot be read");
    if (count == 0) break;
    buffer.grow(static_cast<std::size_t>(count));
  }
  return buffer.first_line(problem.file());
}

}  // namespace fs
