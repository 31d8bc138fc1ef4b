#pragma once
/// A flag that poll(2) can see (an eventfd): one side signals from any thread, the owner waits on
/// it together with a socket.

#include "imap/base/unique_fd.h"

namespace imap {

class WakeFd {
 public:
  /// Throws std::system_error when the process is out of descriptors.
  WakeFd();

  /// Any thread. Stays raised until `clear`; raising twice is raising once.
  void signal() const noexcept;
  /// Lowers the flag.
  void clear() const noexcept;
  bool is_signalled() const noexcept;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace imap
