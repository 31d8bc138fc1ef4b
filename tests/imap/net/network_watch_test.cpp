#include "imap/net/network_watch.h"

#include "imap/base/wake_fd.h"
#include "tests/support/catch.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <iostream>
#include <thread>

using imap::NetworkWatch;
using imap::WakeFd;

namespace {

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

enum class Outcome { told, forbidden, told_too_early, no_device, not_told };

/// Runs on a thread of its own, which has its own network from then on.
Outcome watch_another_network() {
  if (::unshare(CLONE_NEWNET) != 0) return Outcome::forbidden;
  const WakeFd told;
  const NetworkWatch watch([&told] { told.signal(); });
  if (is_raised(told, 0)) return Outcome::told_too_early;
  if (!plug_in()) return Outcome::no_device;
  return is_raised(told, 10'000) ? Outcome::told : Outcome::not_told;
}

}  // namespace

TEST_CASE("an address that this machine gets is heard of", "[net][network]") {
  auto outcome = Outcome::not_told;
  std::thread([&outcome] { outcome = watch_another_network(); }).join();
  if (outcome == Outcome::forbidden) {
    std::cout << "skipped: making a network namespace is left to root\n";
    return;
  }
  CHECK(outcome == Outcome::told);
}

TEST_CASE("watching the network ends at once", "[net][network]") {
  for (int i = 0; i < 50; ++i) const NetworkWatch watch([] {});
}
