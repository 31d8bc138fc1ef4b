#include "fs/fuse/kernel_notifier.h"

#include <cerrno>
#include <utility>

namespace fs {
namespace {

/// An answer that was under way may bring a name back to the kernel just after it was told that the
/// message has gone, so it is told twice.
constexpr std::chrono::seconds kAgain{10};

}  // namespace

void KernelNotifier::start(fuse_session* session) {
  session_ = session;
  thread_ = std::thread([this] { loop(); });
  pusher_.start(session);
}

void KernelNotifier::stop() {
  pusher_.stop();
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

void KernelNotifier::directory_changed(Ino directory) {
  push({Notice::Kind::directory_changed, directory, {}, {}});
}

void KernelNotifier::content_changed(Ino ino) {
  push({Notice::Kind::content_changed, ino, {}, {}});
}

bool KernelNotifier::is_same_listing(Ino directory) {
  const std::lock_guard lock(mutex_);
  auto& listing = listings_[directory.value];
  return std::exchange(listing.asked, listing.changes) == listing.changes;
}

void KernelNotifier::push(Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (notice.kind != Notice::Kind::content_changed) ++listings_[notice.ino.value].changes;
    const bool known = notice.kind == Notice::Kind::directory_changed &&
                       !directories_.insert(notice.ino.value).second;
    if (known) return;
    notices_.push_back(std::move(notice));
  }
  changed_.notify_one();
}

std::optional<KernelNotifier::Notice> KernelNotifier::next() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_) return std::nullopt;
    const bool is_due = !again_.empty() && again_.front().first <= Clock::now();
    if (is_due || !notices_.empty()) {
      auto notice = std::move(is_due ? again_.front().second : notices_.front());
      is_due ? again_.pop_front() : notices_.pop_front();
      if (notice.kind == Notice::Kind::directory_changed) directories_.erase(notice.ino.value);
      if (!is_due && notice.kind == Notice::Kind::entry_gone && is_message(notice.child)) {
        again_.emplace_back(Clock::now() + kAgain, notice);
      }
      return notice;
    }
    if (again_.empty()) {
      changed_.wait(lock);
    } else {
      const auto at = again_.front().first;
      changed_.wait_until(lock, at);
    }
  }
}

void KernelNotifier::loop() {
  while (const auto notice = next()) tell(*notice);
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
    case Notice::Kind::directory_changed:
    case Notice::Kind::content_changed:
      fuse_lowlevel_notify_inval_inode(session_, notice.ino.value, 0, 0);
      break;
  }
}

}  // namespace fs
