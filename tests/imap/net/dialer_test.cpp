#include "imap/net/dialer.h"

#include "imap/base/errors.h"
#include "imap/net/resolver.h"
#include "tests/support/catch.h"
#include "tests/support/loopback.h"

#include <netinet/tcp.h>
#include <poll.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace imap;
using namespace tests;
using Catch::Matchers::StartsWith;

namespace {

int option_of(const UniqueFd& socket, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(socket.get(), level, option, &value, &length) == 0 ? value : -1;
}

/// A resolver that answers nobody until it is released, and then says so.
struct StuckResolver {
  std::promise<void> released;
  std::shared_future<void> release = released.get_future().share();
  std::shared_ptr<std::promise<void>> left = std::make_shared<std::promise<void>>();

  Lookup lookup() const {
    return [until = release, gone = left](const std::string&, std::uint16_t) {
      until.wait();
      gone->set_value();
      return Addresses{};
    };
  }
};

}  // namespace

TEST_CASE("a dialled socket carries data and is set up for a long life", "[net][dial]") {
  const Listener listener;
  const WakeFd abort;
  const auto socket = dial("127.0.0.1", listener.port(), soon(), abort);
  const auto server = listener.accept();
  send_all(server, "* OK\r\n");
  limit_waits(socket);
  pollfd readable{socket.get(), POLLIN, 0};
  REQUIRE(::poll(&readable, 1, 10'000) == 1);
  CHECK(receive(socket, 6) == "* OK\r\n");
  CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 120'000);
}

TEST_CASE("a name is dialled", "[net][dial]") {
  const WakeFd abort;
  const Listener listener;
  CHECK(dial("localhost", listener.port(), soon(), abort));
}

TEST_CASE("an IPv6 address is dialled", "[net][dial]") {
  const WakeFd abort;
  try {
    const Listener listener(AF_INET6);
    CHECK(dial("::1", listener.port(), soon(), abort));
  } catch (const std::system_error& error) {
    WARN("no IPv6 on this machine: " << error.what());
  }
}

TEST_CASE("a refused port is named with its host", "[net][dial]") {
  const RefusingPort refusing;
  const WakeFd abort;
  CHECK_THROWS_WITH(dial("127.0.0.1", refusing.port(), soon(), abort),
                    "cannot connect to 127.0.0.1 port " + std::to_string(refusing.port()) +
                        ": Connection refused");
}

TEST_CASE("a host that does not exist is named", "[net][dial]") {
  const WakeFd abort;
  CHECK_THROWS_AS(dial("host.invalid", 993, soon(), abort), ResolveError);
  CHECK_THROWS_WITH(dial("host.invalid", 993, soon(), abort),
                    StartsWith("cannot find the server host.invalid: "));
}

TEST_CASE("a resolver that does not answer is left at the deadline", "[net][resolve]") {
  StuckResolver stuck;
  const WakeFd abort;
  CHECK_THROWS_WITH(
      resolve("imap.example.com", 993, at_once(), abort, stuck.lookup()),
      "cannot find the server imap.example.com: the name service did not answer in time");
  stuck.released.set_value();
  CHECK(stuck.left->get_future().wait_until(soon().at()) == std::future_status::ready);
}

TEST_CASE("an abort leaves a resolver that does not answer", "[net][resolve]") {
  StuckResolver stuck;
  const WakeFd abort;
  {
    const std::jthread other([&] { abort.signal(); });
    CHECK_THROWS_AS(resolve("imap.example.com", 993, soon(), abort, stuck.lookup()),
                    CancelledError);
  }
  stuck.released.set_value();
  CHECK(stuck.left->get_future().wait_until(soon().at()) == std::future_status::ready);
}

TEST_CASE("what a lookup fails with is reported", "[net][resolve]") {
  const WakeFd abort;
  const auto none = [](const std::string&, std::uint16_t) {
    return Addresses{};
  };
  const auto thrower = [](const std::string&, std::uint16_t) -> Addresses {
    throw std::runtime_error("no name service");
  };
  CHECK_THROWS_WITH(resolve("a.example", 993, soon(), abort, none),
                    "cannot find the server a.example: it has no address");
  CHECK_THROWS_WITH(resolve("a.example", 993, soon(), abort, thrower),
                    "cannot find the server a.example: no name service");
}

TEST_CASE("IP addresses are told from names", "[net][resolve]") {
  CHECK(ip_literal("192.0.2.1") == "192.0.2.1");
  CHECK(ip_literal("2001:db8::1") == "2001:db8::1");
  CHECK(ip_literal("fe80::1%eth0") == "fe80::1");
  CHECK_FALSE(ip_literal("imap.example.com"));
  CHECK_FALSE(ip_literal("1.2.3"));
  CHECK_FALSE(ip_literal("192.0.2.1%eth0"));
  CHECK_FALSE(ip_literal(""));
}
