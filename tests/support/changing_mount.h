#pragma once
/// A mount through which messages are changed, and what it shows and the server has then. Used by
/// the thread of the test.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace tests {

struct ChangingMount : World {
  using World::World;

  void unlink(const std::string& directory, const std::string& name) {
    filesystem().unlink({ino(directory), name}, nobody);
  }
  void rename(const std::string& from, const std::string& name, const std::string& to,
              const std::string& new_name, unsigned flags = 0) {
    filesystem().rename({ino(from), name}, {ino(to), new_name}, flags, nobody);
  }
  void set_flags(const std::string& path, const std::string& flags) {
    filesystem().set_attribute(ino(path), "user.imap.flags", flags, nobody);
  }
  std::string flags(const std::string& path) {
    return filesystem().attribute(ino(path), "user.imap.flags");
  }
  void sync() { filesystem().sync(nobody); }
  int sync_error() {
    return error_of([this] { sync(); });
  }
  /// As often as it takes: for a server that breaks connections.
  void sync_at_last() {
    REQUIRE(tests::eventually([this] {
      error_of([this] { sync(); });
      return mail().pending().size() == 0;
    }));
  }
  std::vector<std::uint32_t> uids(const std::string& mailbox) {
    std::vector<std::uint32_t> all;
    for (const auto& message : server().messages(mailbox)) all.push_back(message.uid.value);
    return all;
  }

  fs::NoInterrupt nobody;
};

using Uids = std::vector<std::uint32_t>;

inline std::vector<Box> boxes(int inbox = 5, int archive = 0) {
  return {{"INBOX", mails(inbox)}, {"Archive", mails(archive)}};
}

}  // namespace tests
