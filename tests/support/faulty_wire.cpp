#include "tests/support/faulty_wire.h"

#include "imap/base/errors.h"
#include "imap/base/wake_fd.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace tests {

using imap::Deadline;

class FaultyWire final : public imap::Stream {
 public:
  using State = FaultyServer::State;

  explicit FaultyWire(FaultyServer& server) : server_(server) {}

  std::size_t read(std::span<std::byte> into, Deadline deadline) override {
    const auto got = server_.state_.with([&](auto& state) -> std::optional<std::size_t> {
      const auto left = passes(*state, WireFault::Where::answers, into.size());
      if (left == 0) return std::nullopt;
      const auto size = state->server.read(into.first(left), deadline);
      consume(*state, WireFault::Where::answers, size);
      return size;
    });
    if (!got) fail();
    return *got;
  }

  void write(std::span<const std::byte> bytes, Deadline deadline) override {
    const auto all = server_.state_.with([&](auto& state) {
      const auto left = passes(*state, WireFault::Where::commands, bytes.size());
      if (left > 0) state->server.write(bytes.first(left), deadline);
      consume(*state, WireFault::Where::commands, left);
      // The next octet does not get through.
      return left == bytes.size() && !broken_;
    });
    if (!all && broken_ == WireFault::Kind::cut) fail();
  }

  Wait wait_readable(Deadline deadline, const imap::WakeFd& wake) override {
    if (wake.is_signalled()) return Wait::woken;
    const bool readable = server_.state_.with(
        [&](auto& state) { return state->server.wait_readable(deadline, wake) == Wait::readable; });
    if (readable || broken_) return Wait::readable;
    pollfd wanted{wake.fd(), POLLIN, 0};
    return ::poll(&wanted, 1, deadline.poll_timeout()) > 0 ? Wait::woken : Wait::timed_out;
  }

  bool ended_cleanly() const override { return true; }
  std::string description() const override { return {}; }
  bool is_encrypted() const override { return false; }

 private:
  /// How many of so many octets get through. Where it is none, the fault strikes.
  std::size_t passes(State& state, WireFault::Where where, std::size_t wanted) {
    if (broken_) return 0;
    if (!state.fault || state.fault->where != where) return wanted;
    const auto left = std::min(wanted, state.fault->octets);
    if (left < wanted && (left == 0 || where == WireFault::Where::commands)) {
      broken_ = state.fault->kind;
      state.struck = true;
      state.fault.reset();
    }
    return left;
  }

  static void consume(State& state, WireFault::Where where, std::size_t count) {
    if (state.fault && state.fault->where == where) state.fault->octets -= count;
  }

  [[noreturn]] void fail() const {
    if (broken_ == WireFault::Kind::stall) throw imap::TimeoutError("nothing comes any more");
    throw imap::ConnectionError("the wire is cut");
  }

  FaultyServer& server_;
  std::optional<WireFault::Kind> broken_;
};

std::unique_ptr<imap::Stream> FaultyServer::connect() {
  state_.with([](auto& state) { state->server.accept(); });
  return std::make_unique<FaultyWire>(*this);
}

void FaultyServer::arm(const WireFault& fault) {
  state_.with([&](auto& state) {
    state->fault = fault;
    state->struck = false;
  });
}

bool FaultyServer::disarm() {
  return state_.with([](auto& state) {
    state->fault.reset();
    return state->struck;
  });
}

}  // namespace tests
