#include "tests/support/memory_server.h"

#include "imap/base/errors.h"
#include "imap/net/plain_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace tests {
namespace {

/// Long enough for whatever should happen.
constexpr std::chrono::seconds kSoon{10};

StoredMailbox& mailbox_of(ServerData& server, const std::string& name) {
  auto* mailbox = server.find(name);
  if (mailbox == nullptr) throw std::logic_error("the test has no mailbox " + name);
  return *mailbox;
}

}  // namespace

void Hold::release() {
  if (reply_) state_->release(reply_);
  reply_.reset();
}

bool Hold::wait_reached(std::size_t connections) {
  return state_->data.with_lock([&](ServerData&, std::unique_lock<std::mutex>& lock) {
    return state_->changed.wait_for(lock, kSoon, [&] { return reply_->waiting >= connections; });
  });
}

MemoryServer::MemoryServer(std::vector<Box> boxes, Profile profile)
    : state_(std::move(boxes), std::move(profile)) {}

MemoryServer::~MemoryServer() {
  state_.end();
  connections_.with([](auto& connections) { connections.clear(); });
}

std::unique_ptr<imap::Stream> MemoryServer::connect(const imap::WakeFd& abort) {
  if (state_.data.with([](ServerData& server) { return server.faults.refuse_connections; })) {
    throw imap::ConnectionError("connection refused");
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  imap::UniqueFd client(ends[0]);
  auto connection = std::make_unique<ServerConnection>(state_, imap::UniqueFd(ends[1]));
  connections_.with([&](auto& connections) { connections.push_back(std::move(connection)); });
  return std::make_unique<imap::PlainStream>(std::move(client), abort);
}

imap::Uid MemoryServer::append(const std::string& mailbox, Mail mail) {
  return state_.data.with(
      [&](ServerData& server) { return mailbox_of(server, mailbox).append(std::move(mail)); });
}

void MemoryServer::expunge(const std::string& mailbox, imap::Uid uid) {
  state_.data.with(
      [&](ServerData& server) { mailbox_of(server, mailbox).expunge(imap::UidSet(uid)); });
}

void MemoryServer::create(Box box) {
  state_.data.with([&](ServerData& server) {
    StoredMailbox mailbox;
    mailbox.name = box.name;
    mailbox.attributes = std::move(box.attributes);
    for (auto& message : box.messages) mailbox.append(std::move(message));
    server.mailboxes.insert_or_assign(box.name, std::move(mailbox));
  });
}

void MemoryServer::remove(const std::string& mailbox) {
  state_.data.with([&](ServerData& server) { server.mailboxes.erase(mailbox); });
}

void MemoryServer::rename(const std::string& from, const std::string& to) {
  state_.data.with([&](ServerData& server) {
    auto mailbox = server.mailboxes.extract(from);
    mailbox.key() = mailbox.mapped().name = to;
    server.mailboxes.insert(std::move(mailbox));
  });
}

void MemoryServer::set_flags(const std::string& mailbox, imap::Uid uid, std::string flags) {
  state_.data.with([&](ServerData& server) {
    auto& stored = mailbox_of(server, mailbox);
    if (auto* message = stored.find(uid)) stored.set_flags(*message, std::move(flags));
  });
}

void MemoryServer::set_read_only(const std::string& mailbox, bool is_read_only) {
  state_.data.with(
      [&](ServerData& server) { mailbox_of(server, mailbox).is_read_only = is_read_only; });
}

void MemoryServer::set_object_id(const std::string& mailbox, const std::string& id) {
  state_.data.with([&](ServerData& server) { mailbox_of(server, mailbox).object_id = id; });
}

void MemoryServer::renew(const std::string& mailbox, std::uint64_t uid_validity) {
  state_.data.with([&](ServerData& server) {
    auto& renewed = mailbox_of(server, mailbox);
    auto messages = std::exchange(renewed.messages, {});
    renewed.uid_validity = uid_validity;
    renewed.uid_next = 1;
    renewed.tombstones.clear();
    for (auto& message : messages) renewed.append(std::move(message.mail));
  });
}

void MemoryServer::set_uid_next(const std::string& mailbox, std::uint32_t uid_next) {
  state_.data.with([&](ServerData& server) { mailbox_of(server, mailbox).uid_next = uid_next; });
}

std::vector<StoredMessage> MemoryServer::messages(const std::string& mailbox) const {
  return state_.data.with(
      [&](const ServerData& server) { return server.mailboxes.at(mailbox).messages; });
}

std::vector<std::string> MemoryServer::log() const {
  return state_.data.with([](const ServerData& server) { return server.log; });
}

std::size_t MemoryServer::count(std::string_view command) const {
  return state_.data.with([&](const ServerData& server) { return server.count(command); });
}

void MemoryServer::forget_log() {
  state_.data.with([](ServerData& server) { server.log.clear(); });
}

bool MemoryServer::wait_for(std::string_view command, std::size_t times) {
  return state_.data.with_lock([&](ServerData& server, std::unique_lock<std::mutex>& lock) {
    return state_.changed.wait_for(lock, kSoon, [&] { return server.count(command) >= times; });
  });
}

Hold MemoryServer::hold(std::string command, std::size_t skip, std::size_t after) {
  auto reply = std::make_shared<HeldReply>();
  reply->command = std::move(command);
  reply->skip = skip;
  reply->after = after;
  misbehave([&](Faults& faults) { faults.holds.push_back(reply); });
  return {state_, reply};
}

void MemoryServer::cut(std::string command, std::size_t after, std::size_t skip) {
  misbehave([&](Faults& faults) {
    faults.cuts.push_back({std::move(command), skip, after, Cut::Where::answer});
  });
}

void MemoryServer::cut_unheard(std::string command, std::size_t skip) {
  misbehave([&](Faults& faults) {
    faults.cuts.push_back({std::move(command), skip, 0, Cut::Where::command});
  });
}

void MemoryServer::cut_message(std::string command, std::size_t after, std::size_t skip) {
  misbehave([&](Faults& faults) {
    faults.cuts.push_back({std::move(command), skip, after, Cut::Where::message});
  });
}

void MemoryServer::refuse(std::string command, std::string answer, std::size_t times,
                          std::size_t skip) {
  misbehave([&](Faults& faults) {
    faults.refusals.push_back({std::move(command), std::move(answer), skip, times, false});
  });
}

void MemoryServer::refuse_message(std::string command, std::string answer, std::size_t times) {
  misbehave([&](Faults& faults) {
    faults.refusals.push_back({std::move(command), std::move(answer), 0, times, true});
  });
}

void MemoryServer::leave_out(std::string command, std::string mailbox, imap::Uid uid,
                             std::size_t times) {
  misbehave([&](Faults& faults) {
    faults.omissions.push_back({std::move(command), std::move(mailbox), uid, times});
  });
}

void MemoryServer::refuse_connections(bool refuse) {
  misbehave([refuse](Faults& faults) { faults.refuse_connections = refuse; });
}

void MemoryServer::drop_connections() {
  connections_.with([](auto& connections) {
    for (const auto& connection : connections) connection->shut();
  });
}

void MemoryServer::misbehave(const std::function<void(Faults&)>& change) {
  state_.data.with([&](ServerData& server) { change(server.faults); });
}

}  // namespace tests
