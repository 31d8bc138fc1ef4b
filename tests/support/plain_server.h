#pragma once
/// A server on a port of this machine that talks to one client in plain text, on a thread of its
/// own: it says its lines and notes what it hears until the client hangs up. Main thread only.

#include "tests/support/loopback.h"

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace tests {

class PlainServer {
 public:
  /// What comes after the lines, on the server's thread: a handshake, for example.
  using Then = std::function<void(imap::UniqueFd&)>;

  /// A line that begins with `>` waits for a line of the client; its tag takes the place of `>`.
  explicit PlainServer(std::vector<std::string> lines, Then then = {});
  ~PlainServer();
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  /// Waits for the end of the conversation. What the client has said outside of `then`.
  const std::string& heard();

 private:
  void serve(const std::vector<std::string>& lines, const Then& then);
  std::string hear_line(const imap::UniqueFd& socket);

  Listener listener_;
  std::string heard_;  // the thread's until it is joined
  std::thread thread_;
};

}  // namespace tests
