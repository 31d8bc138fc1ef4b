#include "tests/support/server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tests {
namespace {

bool tells_news(const std::string& command) {
  return command == "NOOP" || command == "EXPUNGE" || command == "APPEND" ||
         command.starts_with("UID ");
}

/// Whether the literal behind this much of a command is a message.
bool brings_message(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find(' ') + 1));
  return text.starts_with("APPEND ") || text.starts_with("UID REPLACE ");
}

}  // namespace

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

void ServerConnection::answer(const Received& received) {
  const auto& [command, plan] = received;
  if (plan.cuts(Cut::Where::command)) throw Ended{};
  if (plan.hold && plan.hold->after == 0 && !state_.wait_for_release(plan.hold)) throw Ended{};
  out_.clear();
  const auto outcome = plan.refusal ? plan.refusal->answer : run(command);
  if (tells_news(command.name)) announce();
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
  state_.data.with([this](ServerData& server) { announce(server); });
}

void ServerConnection::announce(ServerData& server) {
  const auto& mailbox = opened(server);
  auto& known = open_->known;
  imap::UidSet vanished;
  for (std::size_t at = known.size(); at > 0; --at) {
    if (mailbox.find(known[at - 1]) != nullptr) continue;
    vanished.add(known[at - 1]);
    if (!says_vanished_) out_ += "* " + std::to_string(at) + " EXPUNGE\r\n";
    known.erase(known.begin() + static_cast<std::ptrdiff_t>(at - 1));
  }
  if (says_vanished_ && !vanished.empty()) {
    out_ += "* VANISHED " + vanished.to_string() + "\r\n";
  }
  for (std::size_t at = 0; at < known.size(); ++at) {
    const auto& message = *mailbox.find(known[at]);
    if (message.modseq > open_->told) say_flags(server, at + 1, message);
  }
  open_->told = mailbox.modseq;
  if (known.size() == mailbox.messages.size()) return;
  known.clear();
  for (const auto& message : mailbox.messages) known.push_back(message.uid);
  out_ += "* " + std::to_string(known.size()) + " EXISTS\r\n";
}

void ServerConnection::say_flags(const ServerData& server, std::size_t sequence_number,
                                 const StoredMessage& message) {
  out_ += "* " + std::to_string(sequence_number) + " FETCH (UID " +
          std::to_string(message.uid.value) + " FLAGS (" + message.mail.flags + ")";
  if (server.profile.has("CONDSTORE")) out_ += " MODSEQ (" + std::to_string(message.modseq) + ")";
  out_ += ")\r\n";
}

void ServerConnection::transmit(const Plan& plan) {
  std::string_view left = out_;
  if (plan.cuts(Cut::Where::answer)) {
    send_all(left.substr(0, plan.cut->after));
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

ServerConnection::Received ServerConnection::read_command() {
  std::string text;
  std::optional<Plan> plan;
  while (true) {
    text += read_line();
    const auto brace = text.rfind('{');
    if (!text.ends_with('}') || brace == std::string::npos) break;
    std::size_t size = 0;
    std::from_chars(text.data() + brace + 1, text.data() + text.size(), size);
    const bool waits = !text.ends_with("+}");
    text.erase(brace);
    const bool is_message = brings_message(text);
    if (is_message) plan = state_.receive(parse_command(text).line);
    if (waits && plan && plan->refusal && !plan->refusal->hears_message) break;
    if (waits) send_all("+ go on\r\n");
    text += quoted(is_message ? read_message(size, *plan) : read_octets(size));
  }
  auto command = parse_command(text);
  if (!plan) plan = state_.receive(command.line);
  return {std::move(command), std::move(*plan)};
}

std::string ServerConnection::read_message(std::size_t size, const Plan& plan) {
  if (!plan.cuts(Cut::Where::message)) return read_octets(size);
  read_octets(std::min(size, plan.cut->after));
  throw Ended{};
}

}  // namespace tests
