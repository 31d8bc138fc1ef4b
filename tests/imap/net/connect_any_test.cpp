#include "imap/net/connect_any.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/loopback.h"

#include <chrono>
#include <thread>

using namespace imap;
using namespace tests;
using Catch::Matchers::StartsWith;

namespace {

std::uint16_t peer_port(const UniqueFd& socket) {
  sockaddr_in peer{};
  socklen_t length = sizeof peer;
  if (::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &length) != 0) return 0;
  return ntohs(peer.sin_port);
}

/// An address of a family that no socket can be made for.
SocketAddress of_unknown_family() {
  SocketAddress address;
  address.storage.ss_family = AF_MAX;
  address.length = sizeof(sockaddr_in);
  return address;
}

SocketAddress numbered(int family, unsigned char number) {
  SocketAddress address;
  address.storage.ss_family = static_cast<sa_family_t>(family);
  address.length = number;
  return address;
}

}  // namespace

TEST_CASE("families take turns, the preferred one first", "[net][connect]") {
  const auto order = interleaved(
      {numbered(AF_INET6, 1), numbered(AF_INET6, 2), numbered(AF_INET6, 3), numbered(AF_INET, 4)});
  std::vector<socklen_t> numbers;
  for (const auto& address : order) numbers.push_back(address.length);
  CHECK(numbers == std::vector<socklen_t>{1, 4, 2, 3});
  CHECK(interleaved({}).empty());
}

TEST_CASE("an address that refuses is followed by the next at once", "[net][connect]") {
  const RefusingPort refusing;
  const Listener listener;
  const WakeFd abort;
  const auto socket =
      connect_any({refusing.address(), listener.address()}, "host port 1", soon(), abort);
  CHECK(peer_port(socket) == listener.port());
}

TEST_CASE("an address that stays silent is overtaken by the next", "[net][connect]") {
  const SilentPort silent;
  const Listener listener;
  const WakeFd abort;
  const auto started = Deadline::Clock::now();
  const auto socket =
      connect_any({silent.address(), listener.address()}, "host port 1", soon(), abort);
  CHECK(peer_port(socket) == listener.port());
  CHECK(Deadline::Clock::now() - started >= std::chrono::milliseconds(250));
}

TEST_CASE("a silent address does not hold up the one after a refusing one", "[net][connect]") {
  const SilentPort silent;
  const RefusingPort refusing;
  const Listener listener;
  const WakeFd abort;
  const auto socket = connect_any({refusing.address(), silent.address(), listener.address()},
                                  "host port 1", soon(), abort);
  CHECK(peer_port(socket) == listener.port());
}

TEST_CASE("when every address fails the most telling reason is reported", "[net][connect]") {
  const RefusingPort refusing;
  const WakeFd abort;
  CHECK_THROWS_WITH(connect_any({of_unknown_family(), refusing.address(), of_unknown_family()},
                                "imap.example.com port 993", soon(), abort),
                    "cannot connect to imap.example.com port 993: Connection refused");
  CHECK_THROWS_WITH(
      connect_any({of_unknown_family()}, "imap.example.com port 993", soon(), abort),
      StartsWith("cannot connect to imap.example.com port 993: Address family not supported"));
}

TEST_CASE("connecting to a silent address ends at the deadline", "[net][connect]") {
  const SilentPort silent;
  const RefusingPort refusing;
  const WakeFd abort;
  CHECK_THROWS_AS(connect_any({silent.address()}, "host port 1", at_once(), abort), TimeoutError);
  CHECK_THROWS_WITH(
      connect_any({refusing.address(), silent.address()}, "host port 1", at_once(), abort),
      "cannot connect to host port 1: no answer in time (another address: Connection refused)");
}

TEST_CASE("an abort ends connecting", "[net][connect]") {
  const SilentPort silent;
  const WakeFd abort;
  const std::jthread other([&] { abort.signal(); });
  CHECK_THROWS_AS(connect_any({silent.address()}, "host port 1", soon(), abort), CancelledError);
}

TEST_CASE("after an abort nothing is connected to", "[net][connect]") {
  const Listener listener;
  const WakeFd abort;
  abort.signal();
  CHECK_THROWS_AS(connect_any({listener.address()}, "host port 1", soon(), abort), CancelledError);
}
