#include "tests/support/plain_server.h"

#include <utility>

namespace tests {

PlainServer::PlainServer(std::vector<std::string> lines, Then then) {
  thread_ =
      std::thread([this, said = std::move(lines), next = std::move(then)] { serve(said, next); });
}

PlainServer::~PlainServer() {
  if (thread_.joinable()) thread_.join();
}

const std::string& PlainServer::heard() {
  thread_.join();
  return heard_;
}

void PlainServer::serve(const std::vector<std::string>& lines, const Then& then) {
  try {
    auto socket = listener_.accept();
    for (auto line : lines) {
      if (line.starts_with('>')) {
        const auto tag = hear_line(socket);
        line = tag + line.substr(1);
      }
      send_all(socket, line);
    }
    if (then) return then(socket);
    heard_ += receive(socket, 100'000);
  } catch (const std::exception&) {
    // The client may leave at any time.
  }
}

std::string PlainServer::hear_line(const imap::UniqueFd& socket) {
  std::string line;
  while (!line.ends_with('\n')) line += receive(socket, 1);
  heard_ += line;
  return line.substr(0, line.find(' '));
}

}  // namespace tests
