#pragma once
/// Hears from the kernel when this machine gets or loses addresses, as it does on another wireless
/// network, behind a VPN, or when it wakes up. Owned by the mount; has a thread of its own.

#include "imap/base/unique_fd.h"
#include "imap/base/wake_fd.h"

#include <chrono>
#include <functional>
#include <thread>

namespace imap {

class NetworkWatch {
 public:
  /// Calls `changed` on its thread, once for changes that come within a moment of each other. A
  /// kernel that tells nothing (a sandbox without netlink) means that it is never called. `changed`
  /// must not throw.
  explicit NetworkWatch(std::function<void()> changed);
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

 private:
  void watch() const;
  /// Whether something came before the time-out. False also when watching ends.
  bool hears(std::chrono::milliseconds patience) const;

  const std::function<void()> changed_;
  UniqueFd socket_;
  const WakeFd ending_;
  std::thread thread_;
};

}  // namespace imap
