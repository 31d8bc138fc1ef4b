#pragma once
/// Makes the TCP connection to a server. Any thread.

#include "imap/base/deadline.h"
#include "imap/base/unique_fd.h"
#include "imap/base/wake_fd.h"

#include <cstdint>
#include <string>

namespace imap {

/// A connected socket to `host`, a name or an IP address, set up for a long life behind NAT: what
/// is sent goes out at once, and a peer that has vanished is found out within two minutes even
/// while nothing is sent. The deadline covers finding the addresses and connecting.
///
/// ResolveError when there is no such name, ConnectionError when no address lets us in,
/// TimeoutError at the deadline, CancelledError on abort. All name the host.
UniqueFd dial(const std::string& host, std::uint16_t port, Deadline deadline, const WakeFd& abort);

}  // namespace imap
