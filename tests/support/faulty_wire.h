#pragma once
/// A wire to a ChangingServer that is cut, or goes dead, after so many octets. What is behind it
/// belongs to the thread of the connection while there is work, and to the test otherwise.

#include "imap/base/synchronized.h"
#include "imap/net/stream.h"
#include "tests/support/changing_server.h"

#include <cstddef>
#include <memory>
#include <optional>

namespace tests {

struct WireFault {
  enum class Kind {
    cut,    // the connection is lost
    stall,  // nothing comes any more; time-outs pass at once
  };
  enum class Where { commands, answers };

  Kind kind = Kind::cut;
  Where where = Where::answers;
  std::size_t octets = 0;  // that still get through
};

/// A server whose connections may be faulty. Any thread.
class FaultyServer {
 public:
  explicit FaultyServer(ChangingServer::Traits traits) : state_(std::make_unique<State>(traits)) {}

  /// The client's end of a new connection, in place of the one before.
  std::unique_ptr<imap::Stream> connect();
  /// The fault strikes the connection that there is or that comes next, once.
  void arm(const WireFault& fault);
  /// Whether the fault has struck; from now on it cannot.
  bool disarm();

  template <class Use>
  auto with(Use&& use) {
    return state_.with([&](auto& state) { return use(state->server); });
  }

 private:
  friend class FaultyWire;
  struct State {
    explicit State(ChangingServer::Traits traits) : server(traits) {}
    ChangingServer server;
    std::optional<WireFault> fault;
    bool struck = false;
  };

  imap::Synchronized<std::unique_ptr<State>> state_;
};

}  // namespace tests
