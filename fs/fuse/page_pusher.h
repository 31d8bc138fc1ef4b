#pragma once
/// Puts messages into the kernel's page cache before somebody reads them who reads one after the
/// other: who finds them there does not ask at all. A thread of its own, because the kernel takes
/// the locks of pages for it that a request may hold until it is answered. Owned by KernelNotifier.

#include "fs/tree/filesystem.h"
#include "fs/tree/inode_numbers.h"

#include <fuse_lowlevel.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace fs {

class PagePusher {
 public:
  explicit PagePusher(const Filesystem& filesystem) : filesystem_(filesystem) {}
  ~PagePusher() { stop(); }
  PagePusher(const PagePusher&) = delete;
  PagePusher& operator=(const PagePusher&) = delete;

  /// The session must live until `stop`.
  void start(fuse_session* session);
  /// Returns when nothing is being put there any more. While others still answer the kernel.
  void stop();

  /// This message will be read soon. Any thread; returns at once. When too many wait, this one
  /// is left to be read in the usual way.
  void push(Ino ino);

 private:
  void loop();
  void store(Ino ino, const std::vector<std::byte>& content) const;

  const Filesystem& filesystem_;
  fuse_session* session_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Ino> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fs
