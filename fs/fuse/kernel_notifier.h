#pragma once
/// Tells the kernel what it has to forget, from a thread of its own: the kernel takes locks for it
/// that a request may hold until it is answered, so no thread that answers may wait for it. Also
/// gives it what will be read next. Owned by FuseSession, shared with whoever has something to
/// tell.

#include "fs/fuse/page_pusher.h"
#include "fs/tree/kernel_cache.h"

#include <fuse_lowlevel.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace fs {

class KernelNotifier : public KernelCache {
 public:
  explicit KernelNotifier(const Filesystem& filesystem) : pusher_(filesystem) {}
  ~KernelNotifier() override { stop(); }

  /// The session must live until `stop`.
  void start(fuse_session* session);
  /// Returns when the kernel is told nothing more; what was to be told is dropped. While others
  /// still answer the kernel's requests: a notice may have to wait for an answer.
  void stop();

  /// Whether the listing of a directory is what it was when this was asked last. Of what changes
  /// here the kernel knows without being told.
  bool is_same_listing(Ino directory);

  void entry_gone(Ino parent, Ino child, std::string name) override;
  void entry_changed(Ino parent, std::string name) override;
  void directory_changed(Ino directory) override;
  void content_changed(Ino ino) override;
  void will_be_read(Ino ino) override { pusher_.push(ino); }

 private:
  struct Notice {
    enum class Kind { entry_gone, entry_changed, directory_changed, content_changed };
    Kind kind;
    Ino ino;  // of the directory, or of what has changed itself
    Ino child;
    std::string name;
  };

  struct Listing {
    std::uint64_t changes = 1;
    std::uint64_t asked = 0;  // how many changes there were
  };

  using Clock = std::chrono::steady_clock;

  void push(Notice notice);
  /// The next one, when it is due; nothing at the end.
  std::optional<Notice> next();
  void loop();
  void tell(const Notice& notice) const;

  PagePusher pusher_;
  fuse_session* session_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Notice> notices_;
  std::deque<std::pair<Clock::time_point, Notice>> again_;  // when
  std::unordered_set<std::uint64_t> directories_;  // changed, and in notices_: once is enough
  std::unordered_map<std::uint64_t, Listing> listings_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fs
