#include "imap/net/poll_fd.h"

#include "imap/base/errors.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace imap {
namespace {

[[noreturn]] void throw_aborted() {
  throw CancelledError("the connection was aborted");
}

/// `fds` are the socket, the abort flag and, if there is one, the wake flag.
PollResult poll_in_order(std::span<pollfd> fds, Deadline deadline) {
  const bool any = poll_fds(fds, deadline);
  if (fds[1].revents != 0) throw_aborted();
  if (!any) return PollResult::timed_out;
  if (fds.size() > 2 && fds[2].revents != 0) return PollResult::woken;
  return PollResult::ready;
}

}  // namespace

bool poll_fds(std::span<pollfd> fds, Deadline deadline) {
  while (true) {
    const int ready = ::poll(fds.data(), fds.size(), deadline.poll_timeout());
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    // A timeout can come before the deadline: one wait is a day at most.
    if (ready == 0 && deadline.expired()) return false;
  }
}

PollResult poll_fd(int fd, short events, Deadline deadline, const WakeFd& abort) {
  std::array fds{pollfd{fd, events, 0}, pollfd{abort.fd(), POLLIN, 0}};
  return poll_in_order(fds, deadline);
}

PollResult poll_fd(int fd, short events, Deadline deadline, const WakeFd& abort,
                   const WakeFd& wake) {
  std::array fds{pollfd{fd, events, 0}, pollfd{abort.fd(), POLLIN, 0},
                 pollfd{wake.fd(), POLLIN, 0}};
  return poll_in_order(fds, deadline);
}

bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

void throw_if_aborted(const WakeFd& abort) {
  if (abort.is_signalled()) throw_aborted();
}

}  // namespace imap
