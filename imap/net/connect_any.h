#pragma once
/// One TCP connection to whichever of a host's addresses answers first (RFC 8305). Any thread.

#include "imap/base/deadline.h"
#include "imap/base/unique_fd.h"
#include "imap/base/wake_fd.h"
#include "imap/net/socket_address.h"

#include <string>
#include <vector>

namespace imap {

/// The addresses in the order in which they are tried: families alternate, beginning with that of
/// the first, and keep their order otherwise. So a broken IPv6 costs one delay and not one for each
/// of its addresses.
std::vector<SocketAddress> interleaved(const std::vector<SocketAddress>& addresses);

/// Connects to the addresses in their order, the next whenever one failed or did not answer within
/// 250 ms, while the others go on; the first connection that stands is returned, non-blocking, and
/// the others are closed. `target` names them in errors: "imap.example.com port 993".
///
/// ConnectionError with the most telling reason when all failed: a refusal says more than a network
/// that is not there. TimeoutError at the deadline, CancelledError on abort.
UniqueFd connect_any(const std::vector<SocketAddress>& addresses, const std::string& target,
                     Deadline deadline, const WakeFd& abort);

}  // namespace imap
