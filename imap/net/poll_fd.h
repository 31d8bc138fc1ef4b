#pragma once
/// poll(2) as this layer waits: with a deadline, undisturbed by signals, and ended by an abort from
/// another thread. Any thread.

#include "imap/base/deadline.h"
#include "imap/base/wake_fd.h"

#include <poll.h>

#include <span>

namespace imap {

enum class PollResult { ready, woken, timed_out };

/// Waits until one of `fds` has an event, whose `revents` are then set. False when the deadline
/// passed first; what is ready at once counts even after it.
bool poll_fds(std::span<pollfd> fds, Deadline deadline);

/// Waits until `fd` is ready for `events` (POLLIN, POLLOUT) or broken, so that the next call on it
/// does not block. CancelledError as soon as `abort` is signalled, and that before anything else:
/// a server that never stops sending cannot outrun it.
PollResult poll_fd(int fd, short events, Deadline deadline, const WakeFd& abort);
/// As above, and ends with `woken` when `wake` is signalled, also if `fd` is ready too.
PollResult poll_fd(int fd, short events, Deadline deadline, const WakeFd& abort,
                   const WakeFd& wake);

/// Whether a call on a socket failed with this errno only because it has to be made again.
bool is_passing(int error);

/// CancelledError when `abort` is signalled.
void throw_if_aborted(const WakeFd& abort);

}  // namespace imap
