#pragma once
/// A value together with the mutex that guards it: the value cannot be reached without the lock.
/// Locks are leaves: hold one for a few lines, never while calling out, waiting for something else,
/// or doing I/O.

#include <condition_variable>
#include <mutex>
#include <utility>

namespace imap {

template <class T>
class Synchronized {
 public:
  Synchronized() = default;
  explicit Synchronized(T value) : value_(std::move(value)) {}
  Synchronized(const Synchronized&) = delete;
  Synchronized& operator=(const Synchronized&) = delete;

  /// Runs `use(T&)` under the lock and returns what it returns. Return values, not references.
  template <class Use>
  auto with(Use&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  auto with(Use&& use) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

  /// Runs `use(T&, std::unique_lock&)` for the rare caller that waits on a condition variable.
  template <class Use>
  auto with_lock(Use&& use) {
    std::unique_lock lock(mutex_);
    return std::forward<Use>(use)(value_, lock);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace imap
