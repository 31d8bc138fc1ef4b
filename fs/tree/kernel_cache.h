#pragma once
/// What the kernel remembers of this mount and has to forget, because it has changed elsewhere, and
/// what it is given before it asks.
/// Any thread; calls return at once, and what they ask for happens soon.

#include "fs/tree/inode_numbers.h"

#include <string>

namespace fs {

class KernelCache {
 public:
  virtual ~KernelCache() = default;
  /// The entry is gone, and so is what it named; programs that watch that are told
  /// (inotify, IN_DELETE_SELF), those that watch the directory are not (Linux 6.18).
  virtual void entry_gone(Ino parent, Ino child, std::string name) = 0;
  /// What the name stands for has to be asked again.
  virtual void entry_changed(Ino parent, std::string name) = 0;
  /// A directory has other attributes and another listing.
  virtual void directory_changed(Ino directory) = 0;
  /// The pages that it has of a file are not those that it would get now, nor are the attributes.
  virtual void content_changed(Ino ino) = 0;
  /// Of a message in the cache: somebody reads one after the other, and this one soon.
  virtual void will_be_read(Ino ino) = 0;
};

}  // namespace fs
