#pragma once
/// Tells the kernel what it has to forget, from a thread of its own: the kernel takes locks for it
/// that a request may hold until it is answered, so no thread that answers may wait for it. Owned
/// by FuseSession, shared with whoever has something to tell.

#include "fs/tree/kernel_cache.h"

#include <fuse_lowlevel.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

namespace fs {

class KernelNotifier : public KernelCache {
 public:
  KernelNotifier() = default;
  ~KernelNotifier() override { stop(); }

  /// The session must live until `stop`.
  void start(fuse_session* session);
  /// Returns when the kernel is told nothing more; what was to be told is dropped. While others
  /// still answer the kernel's requests: a notice may have to wait for an answer.
  void stop();

  void entry_gone(Ino parent, Ino child, std::string name) override;
  void entry_changed(Ino parent, std::string name) override;
  void attributes_changed(Ino ino) override;
  void content_changed(Ino ino) override;

 private:
  struct Notice {
    enum class Kind { entry_gone, entry_changed, attributes_changed, content_changed };
    Kind kind;
    Ino ino;  // of the directory, or of what has changed itself
    Ino child;
    std::string name;
  };

  void push(Notice notice);
  void loop();
  void tell(const Notice& notice) const;

  fuse_session* session_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Notice> notices_;
  std::unordered_set<std::uint64_t> attributes_;  // in notices_: once is enough
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fs
