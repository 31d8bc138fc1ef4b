#include "imap/net/network_watch.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace imap {
namespace {

/// Changes come in bursts: addresses of both families, then the routes.
constexpr std::chrono::milliseconds kQuiet{200};
constexpr int kMostInOne = 10;

UniqueFd open_socket() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl wanted{};
  wanted.nl_family = AF_NETLINK;
  wanted.nl_groups =
      RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  const bool bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0;
  return bound ? std::move(socket) : UniqueFd();
}

}  // namespace

NetworkWatch::NetworkWatch(std::function<void()> changed)
    : changed_(std::move(changed)), socket_(open_socket()) {
  if (socket_) thread_ = std::thread([this] { watch(); });
}

NetworkWatch::~NetworkWatch() {
  ending_.signal();
  if (thread_.joinable()) thread_.join();
}

void NetworkWatch::watch() const {
  constexpr std::chrono::milliseconds kForEver{-1};
  while (hears(kForEver)) {
    for (int i = 0; i < kMostInOne && hears(kQuiet); ++i) {
    }
    if (ending_.is_signalled()) return;
    changed_();
  }
}

bool NetworkWatch::hears(std::chrono::milliseconds patience) const {
  std::array<pollfd, 2> wanted{{{ending_.fd(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
  int ready = 0;
  do {
    ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0 || wanted[0].revents != 0) return false;
  // What exactly has changed does not matter, nor that there was more than the kernel kept.
  std::array<char, 8192> message{};
  while (::recv(socket_.get(), message.data(), message.size(), 0) > 0) {
  }
  return true;
}

}  // namespace imap
