#pragma once
/// A value together with the mutex that guards it: the value cannot be reached without the lock.
/// Locks are leaves: hold one for a few lines, never while calling out or touching the database.

#include <mutex>
#include <utility>

namespace cache {

template <class T>
class Synchronized {
 public:
  /// Runs `use(T&)` under the lock and returns what it returns. Return values, not references.
  template <class Use>
  auto with(Use&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

  /// Runs `use(T&, std::unique_lock&)` for the caller that waits on a condition variable.
  template <class Use>
  auto with_lock(Use&& use) {
    std::unique_lock lock(mutex_);
    return std::forward<Use>(use)(value_, lock);
  }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace cache
