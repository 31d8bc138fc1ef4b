#pragma once
/// Sessions with a scripted server, and what they deliver. Main thread only.

#include "imap/session/session.h"
#include "tests/support/script.h"

#include <memory>
#include <string>
#include <vector>

namespace tests {

/// The answer is due in five seconds.
imap::Connection::Settings patient();
imap::Login alice();

std::unique_ptr<imap::Session> open_session(Script& script,
                                            const imap::Connection::Settings& settings = patient(),
                                            const imap::Login& login = alice());

/// Runs `act` on a session with a server of these capabilities that needs no login, and says how
/// the transcript was deviated from. Its first tag is `$2`.
template <class Act>
std::string play(const std::string& capabilities, const Script::Lines& lines, const Act& act) {
  Script script(after_login(capabilities, lines));
  const auto session = open_session(script);
  act(*session);
  return script.deviations();
}

/// The same, after `negotiate`.
template <class Act>
std::string play_negotiated(const std::string& capabilities, const Script::Lines& lines,
                            const Act& act) {
  return play(capabilities, lines, [&](imap::Session& session) {
    session.negotiate();
    act(session);
  });
}

/// Keeps what a sink is told.
class RecordingSink final : public imap::BodySink {
 public:
  struct Body {
    std::optional<imap::Uid> announced;
    std::uint64_t size = 0;
    std::string octets;
    std::size_t pieces = 0;
    bool ended = false;
    std::optional<imap::Uid> uid;
  };

  void begin(std::optional<imap::Uid> uid, std::uint64_t size) override;
  void data(std::span<const std::byte> piece) override;
  void end(std::optional<imap::Uid> uid) override;

  const std::vector<Body>& bodies() const { return bodies_; }
  /// `7=hello` for each body that came to its end, `?=hello` for one of no known message.
  std::vector<std::string> delivered() const;

 private:
  std::vector<Body> bodies_;
};

}  // namespace tests
