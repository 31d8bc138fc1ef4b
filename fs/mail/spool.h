#pragma once
/// A file on this machine that has no name: what was written of a message that the server does not
/// have yet. It is gone when nobody holds it any more, also after a crash. Any thread; who writes
/// sees to it that nobody else does at the same time.
///
/// Calls throw std::system_error: a full disk is ENOSPC where something is written.

#include "imap/base/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace fs {

class Spool {
 public:
  /// An empty one on the disk that the directory is on, which has to be there; for this user alone.
  explicit Spool(const std::filesystem::path& directory);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  std::uint64_t size() const;
  /// How many octets were there, fewer than asked for only at the end.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  /// All of them. What lies between the end and a later offset is NUL.
  void write(std::uint64_t offset, std::span<const std::byte> octets);
  void truncate(std::uint64_t size);
  /// Makes room on the disk, and the file so long if it is shorter.
  void allocate(std::uint64_t offset, std::uint64_t length);
  /// Replaces the content by that of another one.
  void copy_from(const Spool& other);
  /// Gives the content a name, which nothing may have yet (EEXIST). For this user alone.
  void save_as(const std::filesystem::path& path) const;

 private:
  imap::UniqueFd fd_;
};

}  // namespace fs
