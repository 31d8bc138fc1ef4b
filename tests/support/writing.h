#pragma once
/// Writes files as programs do it, through the file system of a World. Used by the thread of the
/// test.

#include "tests/support/world.h"

#include <span>
#include <string>
#include <string_view>

namespace tests {

/// A file that is made and open.
class Writing {
 public:
  Writing(World& world, const std::string& directory, std::string_view name)
      : world_(world),
        ino_(world.filesystem()
                 .create({world.ino(directory), name}, fs::Filesystem::Existing::refused, nobody_)
                 .ino) {}

  static constexpr std::uint64_t kWriter = 1;
  static constexpr std::uint64_t kReader = 2;

  fs::Ino ino() const { return ino_; }
  void write(std::string_view text) {
    write(text, end_);
    end_ += text.size();
  }
  void write(std::string_view text, std::uint64_t offset) {
    world_.filesystem().write(ino_, offset, std::as_bytes(std::span(text)),
                              fs::Filesystem::WriteAt::offset, nobody_, kWriter);
  }
  void append(std::string_view text) {
    world_.filesystem().write(ino_, 0, std::as_bytes(std::span(text)), fs::Filesystem::WriteAt::end,
                              nobody_, kWriter);
  }
  /// Throws what close(2) fails with.
  void flush() { world_.filesystem().flush(ino_, kWriter, nobody_); }
  /// Its errno.
  int close() {
    return error_of([this] { flush(); });
  }

 private:
  World& world_;
  fs::NoInterrupt nobody_;
  fs::Ino ino_;
  std::uint64_t end_ = 0;
};

/// Renames a file; the errno.
inline int rename(World& world, const std::string& directory, std::string_view name,
                  std::string_view new_name, unsigned flags = 0) {
  fs::NoInterrupt nobody;
  const auto parent = world.ino(directory);
  return error_of([&] {
    world.filesystem().rename({parent, name}, {parent, new_name}, flags, nobody);
  });
}

}  // namespace tests
