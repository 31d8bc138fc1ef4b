#include "fs/mail/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace fs {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10U;

[[noreturn]] void fail(const std::string& what, int number = errno) {
  throw std::system_error(number, std::generic_category(), what);
}

int make_unnamed(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  // Not every file system has such files (NFS, overlays of old kernels).
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    fail("cannot make a file in " + directory.string());
  }
  auto name = (directory / "spool-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) fail("cannot make a file in " + directory.string());
  ::unlink(name.c_str());
  return named;
}

void write_all(int fd, std::uint64_t offset, std::span<const std::byte> octets) {
  while (!octets.empty()) {
    const auto written = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot keep what was written", written < 0 ? errno : ENOSPC);
    octets = octets.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

}  // namespace

Spool::Spool(const std::filesystem::path& directory) : fd_(make_unnamed(directory)) {}

std::uint64_t Spool::size() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail("cannot look at what was written");
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t Spool::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t have = 0;
  while (have < into.size()) {
    const auto got = ::pread(fd_.get(), into.data() + have, into.size() - have,
                             static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read what was written");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

void Spool::write(std::uint64_t offset, std::span<const std::byte> octets) {
  write_all(fd_.get(), offset, octets);
}

void Spool::truncate(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("cannot change the size");
}

void Spool::allocate(std::uint64_t offset, std::uint64_t length) {
  // Unlike posix_fallocate it does not write the zeros itself where the disk cannot do this.
  if (::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0)
    return;
  if (errno != EOPNOTSUPP) fail("cannot make room");
  if (offset + length > size()) truncate(offset + length);
}

void Spool::copy_from(const Spool& other) {
  truncate(0);
  std::vector<std::byte> piece(kPiece);
  for (std::uint64_t offset = 0;;) {
    const auto got = other.read(offset, piece);
    if (got == 0) return;
    write(offset, std::span(piece).first(got));
    offset += got;
  }
}

void Spool::save_as(const std::filesystem::path& path) const {
  const imap::UniqueFd copy(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!copy) fail("cannot write " + path.string());
  std::vector<std::byte> piece(kPiece);
  for (std::uint64_t offset = 0;;) {
    const auto got = read(offset, piece);
    if (got == 0) break;
    write_all(copy.get(), offset, std::span(piece).first(got));
    offset += got;
  }
  if (::fsync(copy.get()) != 0) fail("cannot write " + path.string());
}

}  // namespace fs
