#include "imap/net/plain_stream.h"

#include "imap/base/errors.h"
#include "imap/net/poll_fd.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace imap {
namespace {

[[noreturn]] void throw_lost(const char* doing, int error) {
  throw ConnectionError(std::string("connection lost while ") + doing + ": " +
                        std::generic_category().message(error));
}

}  // namespace

std::size_t PlainStream::read(std::span<std::byte> into, Deadline deadline) {
  while (!ended_) {
    if (poll_fd(socket_.get(), POLLIN, deadline, abort_) == PollResult::timed_out) {
      throw TimeoutError("the server sent nothing in time");
    }
    const auto got = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) {
      ended_ = true;
    } else if (!is_passing(errno)) {
      throw_lost("reading", errno);
    }
  }
  return 0;
}

void PlainStream::write(std::span<const std::byte> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (poll_fd(socket_.get(), POLLOUT, deadline, abort_) == PollResult::timed_out) {
      throw TimeoutError("the server did not take what was sent in time");
    }
    const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (!is_passing(errno)) {
      throw_lost("writing", errno);
    }
  }
}

Stream::Wait PlainStream::wait_readable(Deadline deadline, const WakeFd& wake) {
  switch (poll_fd(socket_.get(), POLLIN, deadline, abort_, wake)) {
    case PollResult::woken:
      return Wait::woken;
    case PollResult::timed_out:
      return Wait::timed_out;
    case PollResult::ready:
      break;
  }
  return Wait::readable;
}

}  // namespace imap
