#include "imap/net/connect_any.h"

#include "imap/base/errors.h"
#include "imap/net/poll_fd.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace imap {
namespace {

/// RFC 8305 section 8 recommends it.
constexpr std::chrono::milliseconds kAttemptDelay{250};

/// How much a failure says about the server; the highest is reported.
int telling(int error) {
  switch (error) {
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
    case ENETUNREACH:
      return 0;  // this machine has no such network
    case EHOSTUNREACH:
      return 1;
    case ETIMEDOUT:
      return 2;
    case ECONNREFUSED:
      return 4;
    default:
      return 3;
  }
}

/// The connections under way to the addresses of one host.
class Race {
 public:
  Race(const std::vector<SocketAddress>& addresses, const std::string& target)
      : addresses_(addresses), target_(target) {}

  UniqueFd run(Deadline deadline, const WakeFd& abort) {
    while (true) {
      while (may_start()) {
        if (auto done = start_next()) return done;
      }
      if (pending_.empty()) throw ConnectionError(failure_text());
      const auto until = next_ < addresses_.size() ? std::min(deadline, next_start_) : deadline;
      if (wait(until, abort)) {
        if (auto done = take_connected()) return done;
      } else if (deadline.expired()) {
        throw TimeoutError(timeout_text());
      }
    }
  }

 private:
  bool may_start() const {
    return next_ < addresses_.size() && (pending_.empty() || next_start_.expired());
  }

  /// The connection, if it stands at once.
  UniqueFd start_next() {
    const auto& address = addresses_[next_++];
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
      note_failure(errno);
    } else if (::connect(fd.get(), address.get(), address.length) == 0) {
      return fd;
    } else if (errno == EINPROGRESS || errno == EINTR) {
      pending_.push_back(std::move(fd));
      next_start_ = Deadline::after(kAttemptDelay);
    } else {
      note_failure(errno);
    }
    return UniqueFd{};
  }

  bool wait(Deadline until, const WakeFd& abort) {
    polled_.assign(1, pollfd{abort.fd(), POLLIN, 0});
    for (const auto& fd : pending_) polled_.push_back(pollfd{fd.get(), POLLOUT, 0});
    const bool any = poll_fds(polled_, until);
    if (polled_.front().revents != 0) throw_if_aborted(abort);
    return any;
  }

  /// Settles what wait() saw: the first connection that stands, and the failed ones dropped.
  UniqueFd take_connected() {
    std::vector<UniqueFd> still;
    UniqueFd connected;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (connected) break;
      if (polled_[i + 1].revents == 0) {
        still.push_back(std::move(pending_[i]));
      } else if (const int error = outcome(pending_[i]); error != 0) {
        note_failure(error);
        next_start_ = Deadline::after({});
      } else {
        connected = std::move(pending_[i]);
      }
    }
    pending_ = std::move(still);
    return connected;
  }

  static int outcome(const UniqueFd& fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
  }

  void note_failure(int error) {
    if (!failure_ || telling(error) > telling(*failure_)) failure_ = error;
  }

  std::string failure_text() const {
    return "cannot connect to " + target_ + ": " +
           (failure_ ? std::generic_category().message(*failure_) : "it has no address");
  }

  std::string timeout_text() const {
    auto text = "cannot connect to " + target_ + ": no answer in time";
    if (failure_) {
      text += " (another address: " + std::generic_category().message(*failure_) + ")";
    }
    return text;
  }

  const std::vector<SocketAddress>& addresses_;
  const std::string& target_;
  std::size_t next_ = 0;
  Deadline next_start_ = Deadline::after({});
  std::vector<UniqueFd> pending_;
  std::vector<pollfd> polled_;  // the abort flag, then one for each of pending_
  std::optional<int> failure_;
};

}  // namespace

std::vector<SocketAddress> interleaved(const std::vector<SocketAddress>& addresses) {
  if (addresses.empty()) return {};
  std::vector<SocketAddress> preferred;
  std::vector<SocketAddress> others;
  const int family = addresses.front().family();
  std::ranges::partition_copy(
      addresses, std::back_inserter(preferred), std::back_inserter(others),
      [family](const SocketAddress& address) { return address.family() == family; });
  std::vector<SocketAddress> order;
  for (std::size_t i = 0; i < std::max(preferred.size(), others.size()); ++i) {
    if (i < preferred.size()) order.push_back(preferred[i]);
    if (i < others.size()) order.push_back(others[i]);
  }
  return order;
}

UniqueFd connect_any(const std::vector<SocketAddress>& addresses, const std::string& target,
                     Deadline deadline, const WakeFd& abort) {
  throw_if_aborted(abort);
  return Race(addresses, target).run(deadline, abort);
}

}  // namespace imap
