#include "fs/fuse/kernel_notifier.h"

#include <cerrno>
#include <utility>

namespace fs {

void KernelNotifier::start(fuse_session* session) {
  session_ = session;
  thread_ = std::thread([this] { loop(); });
}

void KernelNotifier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KernelNotifier::entry_gone(Ino parent, Ino child, std::string name) {
  push({Notice::Kind::entry_gone, parent, child, std::move(name)});
}

void KernelNotifier::entry_changed(Ino parent, std::string name) {
  push({Notice::Kind::entry_changed, parent, {}, std::move(name)});
}

void KernelNotifier::attributes_changed(Ino ino) {
  push({Notice::Kind::attributes_changed, ino, {}, {}});
}

void KernelNotifier::content_changed(Ino ino) {
  push({Notice::Kind::content_changed, ino, {}, {}});
}

void KernelNotifier::push(Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    const bool known = notice.kind == Notice::Kind::attributes_changed &&
                       !attributes_.insert(notice.ino.value).second;
    if (known) return;
    notices_.push_back(std::move(notice));
  }
  changed_.notify_one();
}

void KernelNotifier::loop() {
  while (true) {
    Notice notice;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !notices_.empty(); });
      if (stopping_) return;
      notice = std::move(notices_.front());
      notices_.pop_front();
      if (notice.kind == Notice::Kind::attributes_changed) attributes_.erase(notice.ino.value);
    }
    tell(notice);
  }
}

/// That the kernel does not know what it is told of (ENOENT) is what happens most of the time.
void KernelNotifier::tell(const Notice& notice) const {
  const auto& name = notice.name;
  switch (notice.kind) {
    case Notice::Kind::entry_gone: {
      const int error = fuse_lowlevel_notify_delete(session_, notice.ino.value, notice.child.value,
                                                    name.c_str(), name.size());
      // A directory that still has entries in the kernel, or somebody has mounted on it.
      if (error != -ENOTEMPTY && error != -EBUSY) break;
      [[fallthrough]];
    }
    case Notice::Kind::entry_changed:
      fuse_lowlevel_notify_inval_entry(session_, notice.ino.value, name.c_str(), name.size());
      break;
    case Notice::Kind::attributes_changed:
      // A negative offset: attributes alone.
      fuse_lowlevel_notify_inval_inode(session_, notice.ino.value, -1, 0);
      break;
    case Notice::Kind::content_changed:
      fuse_lowlevel_notify_inval_inode(session_, notice.ino.value, 0, 0);
      break;
  }
}

}  // namespace fs
