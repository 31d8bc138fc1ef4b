#pragma once
/// What the kernel wants to know of a file or directory. Plain values.

#include "fs/tree/inode_numbers.h"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace fs {

enum class Kind {
  directory,
  message,
  draft,     // no message yet, see Drafts
  own_file,  // of the mount itself, see OwnFiles
};

struct Attributes {
  Ino ino;
  Kind kind = Kind::message;
  std::uint64_t size = 0;
  /// False: the server gave none, and 0 would make programs skip the message.
  bool size_known = true;
  std::int64_t time = 0;  // unix seconds; of modification, change and access alike
  std::uint32_t links = 1;
};

struct Entry {
  std::string_view name;
  Attributes attributes;
  std::uint64_t next;  // where to go on after this entry
};

/// How long the kernel may use an answer without asking again. A message never changes, and the
/// kernel is told when its name stands for nothing more, or for another one (Announcer). Folders
/// come and go while nothing tells us.
struct Lifetimes {
  std::chrono::seconds message_attributes{86'400};
  std::chrono::seconds directory_attributes{1};
  std::chrono::seconds message_entry{86'400};
  std::chrono::seconds directory_entry{1};
  std::chrono::seconds own_file_entry{0};
  std::chrono::seconds no_entry{1};
};

}  // namespace fs
