#include "imap/net/network_watch.h"

#include "imap/base/wake_fd.h"
#include "tests/support/catch.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iostream>

using imap::NetworkWatch;
using imap::WakeFd;

namespace {

constexpr int kToldOfIt = 0;
constexpr int kForbidden = 77;

bool is_raised(const WakeFd& flag, int timeout_ms) {
  pollfd wanted{flag.fd(), POLLIN, 0};
  return ::poll(&wanted, 1, timeout_ms) == 1;
}

/// Gives the loopback device of a network of its own its addresses, as plugging a cable in does.
bool plug_in() {
  const imap::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// In a process of its own, because the network of a thread cannot be given back.
int watch_another_network() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return kForbidden;
  }
  const WakeFd told;
  const NetworkWatch watch([&told] { told.signal(); });
  if (is_raised(told, 0)) return 1;
  if (!plug_in()) return 2;
  return is_raised(told, 10'000) ? kToldOfIt : 3;
}

}  // namespace

TEST_CASE("an address that this machine gets is heard of", "[net][network]") {
  const auto child = ::fork();
  if (child == 0) ::_exit(watch_another_network());
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kForbidden) {
    std::cout << "skipped: a network namespace cannot be made here\n";
    return;
  }
  CHECK(WEXITSTATUS(status) == kToldOfIt);
}

TEST_CASE("watching the network ends at once", "[net][network]") {
  for (int i = 0; i < 50; ++i) const NetworkWatch watch([] {});
}
