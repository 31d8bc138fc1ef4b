#include "tests/support/server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tests {

ServerConnection::ServerConnection(ServerState& state, imap::UniqueFd socket)
    : state_(state), socket_(std::move(socket)), thread_([this] { serve(); }) {}

ServerConnection::~ServerConnection() {
  shut();
  thread_.join();
}

void ServerConnection::shut() const {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void ServerConnection::serve() {
  try {
    send_all("* OK ready\r\n");
    while (!ended_) answer(read_command());
  } catch (const Ended&) {
    // Whoever is at the other end notices.
  }
  shut();
}

void ServerConnection::answer(const ReceivedCommand& command) {
  const auto plan = state_.receive(command.line);
  if (plan.hold && plan.hold->after == 0 && !state_.wait_for_release(plan.hold)) throw Ended{};
  out_.clear();
  const auto outcome = plan.refusal ? *plan.refusal : run(command);
  if (command.name == "NOOP" || command.name.starts_with("UID ")) announce();
  out_ += command.tag + ' ' + outcome + "\r\n";
  transmit(plan);
}

std::string ServerConnection::run(const ReceivedCommand& command) {
  const auto entry = std::ranges::find(table(), command.name, &Entry::name);
  if (entry == table().end()) return "BAD unknown command";
  if (entry->needs != Needs::nothing && !logged_in_) return "BAD log in first";
  if (entry->needs == Needs::mailbox && !open_) return "BAD no mailbox is open";
  return (this->*entry->handler)(command);
}

StoredMailbox& ServerConnection::opened(ServerData& server) const {
  auto* mailbox = server.find(open_->name);
  // As servers do when a mailbox is deleted or made anew under somebody who has it open.
  if (mailbox == nullptr || mailbox->uid_validity != open_->uid_validity) throw Ended{};
  return *mailbox;
}

void ServerConnection::announce() {
  if (!open_) return;
  state_.data.with([this](ServerData& server) {
    const auto& mailbox = opened(server);
    auto& known = open_->known;
    for (std::size_t at = known.size(); at > 0; --at) {
      if (mailbox.find(known[at - 1]) != nullptr) continue;
      out_ += "* " + std::to_string(at) + " EXPUNGE\r\n";
      known.erase(known.begin() + static_cast<std::ptrdiff_t>(at - 1));
    }
    if (known.size() == mailbox.messages.size()) return;
    known.clear();
    for (const auto& message : mailbox.messages) known.push_back(message.uid);
    out_ += "* " + std::to_string(known.size()) + " EXISTS\r\n";
  });
}

void ServerConnection::transmit(const Plan& plan) {
  std::string_view left = out_;
  if (plan.cut_after) {
    send_all(left.substr(0, *plan.cut_after));
    throw Ended{};
  }
  if (plan.hold && plan.hold->after > 0) {
    const auto first = std::min(plan.hold->after, left.size());
    send_all(left.substr(0, first));
    left.remove_prefix(first);
    if (!state_.wait_for_release(plan.hold)) throw Ended{};
  }
  send_all(left);
}

void ServerConnection::send_all(std::string_view octets) const {
  while (!octets.empty()) {
    const auto sent = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw Ended{};
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void ServerConnection::fill() {
  std::array<char, 16384> buffer{};
  const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0) throw Ended{};
  input_.append(buffer.data(), static_cast<std::size_t>(got));
}

std::string ServerConnection::read_line() {
  auto end = input_.find("\r\n");
  while (end == std::string::npos) {
    fill();
    end = input_.find("\r\n");
  }
  auto line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return line;
}

std::string ServerConnection::read_octets(std::size_t count) {
  while (input_.size() < count) fill();
  auto octets = input_.substr(0, count);
  input_.erase(0, count);
  return octets;
}

ReceivedCommand ServerConnection::read_command() {
  std::string text;
  while (true) {
    text += read_line();
    const auto brace = text.rfind('{');
    if (!text.ends_with('}') || brace == std::string::npos) return parse_command(text);
    std::size_t size = 0;
    std::from_chars(text.data() + brace + 1, text.data() + text.size(), size);
    if (!text.ends_with("+}")) send_all("+ go on\r\n");
    text.erase(brace);
    text += quoted(read_octets(size));
  }
}

}  // namespace tests
