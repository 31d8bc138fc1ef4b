#pragma once
/// Host name to addresses, with a deadline. Any thread.

#include "imap/base/deadline.h"
#include "imap/base/wake_fd.h"
#include "imap/net/socket_address.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace imap {

struct Addresses {
  std::vector<SocketAddress> found;
  /// Why there are none, as the system says it.
  std::string error;
};

/// Looks a name up for as long as it takes. It runs on a thread of its own and may still do so when
/// whoever asked has left: it must own what it uses.
using Lookup = std::function<Addresses(const std::string& host, std::uint16_t port)>;

/// getaddrinfo(3): hosts file, DNS, mDNS, whatever the system is set up for.
Addresses system_lookup(const std::string& host, std::uint16_t port);

/// The addresses of `host`, at least one, the preferred first (RFC 6724). ResolveError when there
/// are none, TimeoutError at the deadline, CancelledError on abort.
///
/// The lookup runs on a detached thread that owns its data and is left behind at a timeout or
/// abort; it ends by itself once the resolver gives up. getaddrinfo has no timeout, and glibc's
/// getaddrinfo_a cannot cancel a request under way either, yet would tie its memory to the caller
/// and leave poll(2) nothing to wait on.
std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                   const WakeFd& abort, const Lookup& lookup = system_lookup);

}  // namespace imap
