#include "tests/support/sessions.h"

namespace tests {

imap::Connection::Settings patient() {
  imap::Connection::Settings settings;
  settings.timeout = std::chrono::seconds(5);
  return settings;
}

imap::Login alice() {
  return {"alice", imap::Secret("secret")};
}

std::unique_ptr<imap::Session> open_session(Script& script,
                                            const imap::Connection::Settings& settings,
                                            const imap::Login& login) {
  return imap::Session::open(script.take_client(), login, settings);
}

void RecordingSink::begin(std::optional<imap::Uid> uid, std::uint64_t size) {
  bodies_.push_back({uid, size, {}, 0, false, {}});
}

void RecordingSink::data(std::span<const std::byte> piece) {
  auto& body = bodies_.back();
  body.octets.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  ++body.pieces;
}

void RecordingSink::end(std::optional<imap::Uid> uid) {
  bodies_.back().ended = true;
  bodies_.back().uid = uid;
}

std::vector<std::string> RecordingSink::delivered() const {
  std::vector<std::string> all;
  for (const auto& body : bodies_) {
    if (body.ended)
      all.push_back((body.uid ? std::to_string(body.uid->value) : "?") + '=' + body.octets);
  }
  return all;
}

}  // namespace tests
