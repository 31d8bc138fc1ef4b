#include "fs/fuse/request_loop.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace fs {
namespace {

/// libfuse's default of 10 lets a `stat` wait for seconds behind slow reads.
constexpr std::size_t kMostThreads = 64;
/// The longest that the leader asks in vain, and the first try. Between a request and the next of a
/// program that reads small files lie some 10 microseconds.
constexpr std::chrono::microseconds kMostPatience{200};
constexpr std::chrono::microseconds kFirstPatience{50};
/// A turn of nobody else does not take so long.
constexpr std::chrono::microseconds kYielded{100};
/// How often the deputy looks, which is as long as one request may hold up the others, and when it
/// stops looking.
constexpr std::chrono::milliseconds kLookEvery{5};
constexpr std::chrono::milliseconds kQuiet{50};

struct Serving {
  RequestLoop* loop = nullptr;
  std::uint32_t number = 0;
};
thread_local Serving serving;

/// What only looks something up says itself when it has to wait; everything else waits for the
/// journal at least.
bool is_quick(const fuse_buf& buffer) {
  if ((buffer.flags & FUSE_BUF_IS_FD) != 0 || buffer.size < sizeof(fuse_in_header)) return false;
  switch (static_cast<const fuse_in_header*>(buffer.mem)->opcode) {
    case FUSE_LOOKUP:
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_GETATTR:
    case FUSE_OPEN:
    case FUSE_READ:
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_OPENDIR:
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
    case FUSE_RELEASEDIR:
    case FUSE_GETXATTR:
    case FUSE_LISTXATTR:
    case FUSE_STATFS:
    case FUSE_INTERRUPT:
      return true;
    default:
      return false;
  }
}

}  // namespace

void RequestLoop::run() {
  const int device = fuse_session_fd(session_);
  ::fcntl(device, F_SETFL, ::fcntl(device, F_GETFL) | O_NONBLOCK);
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mutex_);
    threads_.emplace_back([this] { serve(1); });
    all_over_.wait(lock, [this] { return ended_; });
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
}

void RequestLoop::stop() {
  fuse_session_exit(session_);
  end();
  stopped_.signal();
}

void RequestLoop::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  deputy_wanted_.notify_all();
  deputy_needed_.notify_all();
  all_over_.notify_all();
}

void RequestLoop::serve(Number number) {
  serving = {this, number};
  fuse_buf buffer{};
  while (wait_for_lead(number)) lead(number, buffer);
  std::free(buffer.mem);  // NOLINT(cppcoreguidelines-no-malloc): libfuse has allocated it
}

bool RequestLoop::wait_for_lead(Number number) {
  std::unique_lock lock(mutex_);
  ++idle_;
  deputy_wanted_.wait(lock, [this] { return ended_ || !has_deputy_; });
  has_deputy_ = true;
  while (!ended_) {
    Number leader = 0;
    if (leader_.compare_exchange_strong(leader, number)) break;
    const auto since = Clock::now() - begun_.load();
    if (answering_.load() && since >= kLookEvery) {
      if (leader_.compare_exchange_strong(leader, number)) break;
      continue;
    }
    if (since > kQuiet) looked_after_ = false;
    if (looked_after_) {
      deputy_needed_.wait_for(lock, kLookEvery);
    } else {
      deputy_needed_.wait(lock);
    }
  }
  has_deputy_ = false;
  --idle_;
  if (ended_) return false;
  if (idle_ != 0) {
    deputy_wanted_.notify_one();
  } else if (threads_.size() < kMostThreads) {
    const auto next = static_cast<Number>(threads_.size() + 1);
    threads_.emplace_back([this, next] { serve(next); });
  }
  return true;
}

void RequestLoop::lead(Number number, fuse_buf& buffer) {
  while (leader_ == number) {
    if (!receive(buffer)) return end();
    begun_ = Clock::now();
    answering_ = true;
    look_after_me();
    if (!is_quick(buffer)) hand_over(number);
    fuse_session_process_buf(session_, &buffer);
    if (leader_ == number) answering_ = false;
  }
}

bool RequestLoop::receive(fuse_buf& buffer) {
  const auto asked = Clock::now();
  bool slept = false;
  while (fuse_session_exited(session_) == 0) {
    const int got = fuse_session_receive_buf(session_, &buffer);
    const auto waited = Clock::now() - asked;
    if (got > 0) {
      if (waited > kMostPatience) {
        patience_ /= 2;
      } else if (slept) {
        patience_ = std::clamp<Clock::duration>(patience_ * 2, kFirstPatience, kMostPatience);
      }
      return true;
    }
    if (got == -EINTR) continue;
    if (got != -EAGAIN) return false;
    if (waited < patience_) {
      ::sched_yield();
      // Somebody else needs this processor.
      if (Clock::now() - asked - waited > kYielded) patience_ /= 2;
    } else {
      slept = true;
      sleep();
    }
  }
  return false;
}

void RequestLoop::sleep() const {
  std::array<pollfd, 2> wanted{
      {{fuse_session_fd(session_), POLLIN, 0}, {stopped_.fd(), POLLIN, 0}}};
  ::poll(wanted.data(), wanted.size(), -1);
}

void RequestLoop::look_after_me() {
  if (looked_after_) return;
  {
    const std::lock_guard lock(mutex_);
    looked_after_ = true;
  }
  deputy_needed_.notify_one();
}

void RequestLoop::hand_over(Number number) {
  if (!leader_.compare_exchange_strong(number, 0)) return;
  answering_ = false;
  // The lock orders this after the check of a deputy that is about to wait.
  { const std::lock_guard lock(mutex_); }
  deputy_needed_.notify_one();
}

void RequestLoop::about_to_wait() {
  if (serving.loop != nullptr) serving.loop->hand_over(serving.number);
}

}  // namespace fs
