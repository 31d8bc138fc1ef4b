#include "fs/fuse/page_pusher.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <exception>
#include <utility>

namespace fs {
namespace {

/// The kernel reads ahead by itself in a message that is larger.
constexpr std::uint64_t kLargest = std::uint64_t{256} * 1024;
constexpr std::size_t kMostWaiting = 4096;

}  // namespace

void PagePusher::start(fuse_session* session) {
  session_ = session;
  thread_ = std::thread([this] { loop(); });
}

void PagePusher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PagePusher::push(Ino ino) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() == kMostWaiting) return;
    waiting_.push_back(ino);
  }
  changed_.notify_one();
}

void PagePusher::loop() {
  while (true) {
    std::deque<Ino> some;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      // A few at a time, so that an end does not wait for long.
      for (int count = 0; count < 16 && !waiting_.empty(); ++count) {
        some.push_back(waiting_.front());
        waiting_.pop_front();
      }
    }
    for (const auto ino : some) {
      try {
        if (const auto content = filesystem_.cached_content(ino, kLargest)) store(ino, *content);
      } catch (const std::exception& error) {
        // Whoever reads it is told.
        spdlog::debug("message {} could not be given to the kernel: {}", ino.value, error.what());
      }
    }
  }
}

/// That the kernel has forgotten the file (ENOENT) does no harm.
void PagePusher::store(Ino ino, const std::vector<std::byte>& content) const {
  fuse_bufvec octets{};
  octets.count = 1;
  octets.buf[0].size = content.size();
  octets.buf[0].fd = -1;
  octets.buf[0].mem = const_cast<std::byte*>(content.data());  // only read
  fuse_lowlevel_notify_store(session_, ino.value, 0, &octets, fuse_buf_copy_flags{});
}

}  // namespace fs
