#pragma once
/// A kernel that only notes what it is told to forget. Any thread.

#include "fs/tree/kernel_cache.h"
#include "imap/base/synchronized.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tests {

class RecordingKernel : public fs::KernelCache {
 public:
  void entry_gone(fs::Ino parent, fs::Ino /*child*/, std::string name) override {
    note("gone", parent, name);
  }
  void entry_changed(fs::Ino parent, std::string name) override { note("changed", parent, name); }
  void directory_changed(fs::Ino ino) override { note("directory", ino, {}); }
  void content_changed(fs::Ino ino) override { note("content", ino, {}); }
  void will_be_read(fs::Ino ino) override { note("read", ino, {}); }

  /// Whether it was told so: of an entry in a directory, or of a directory.
  bool was_told(const std::string& what, fs::Ino ino, const std::string& name = {}) const {
    return notices_.with([&](const auto& notices) {
      return std::ranges::find(notices, std::pair{what + ' ' + name, ino.value}) != notices.end();
    });
  }
  std::size_t count() const {
    return notices_.with([](const auto& notices) { return notices.size(); });
  }

 private:
  void note(const std::string& what, fs::Ino ino, const std::string& name) {
    notices_.with([&](auto& notices) { notices.emplace_back(what + ' ' + name, ino.value); });
  }

  imap::Synchronized<std::vector<std::pair<std::string, std::uint64_t>>> notices_;
};

}  // namespace tests
