#include "tests/support/server_state.h"

#include "tests/support/received_command.h"

#include <algorithm>

namespace tests {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Whether the turn of this one has come, after those that it skips.
template <class Fault>
bool is_hit(Fault& fault, const std::string& command) {
  if (!contains(command, fault.command)) return false;
  if (fault.skip == 0) return true;
  --fault.skip;
  return false;
}

}  // namespace

bool StoredMessage::has_flag(std::string_view flag) const {
  const auto flags = words_of(mail.flags);
  return std::ranges::any_of(flags, [&](const auto& one) { return upper(one) == upper(flag); });
}

const StoredMessage* StoredMailbox::find(imap::Uid uid) const {
  const auto at = std::ranges::lower_bound(messages, uid, {}, &StoredMessage::uid);
  return at == messages.end() || at->uid != uid ? nullptr : &*at;
}

StoredMessage* StoredMailbox::find(imap::Uid uid) {
  const auto at = std::ranges::lower_bound(messages, uid, {}, &StoredMessage::uid);
  return at == messages.end() || at->uid != uid ? nullptr : &*at;
}

imap::Uid StoredMailbox::append(Mail mail) {
  const imap::Uid uid{uid_next++};
  messages.push_back({uid, std::move(mail), ++modseq});
  return uid;
}

void StoredMailbox::expunge(const imap::UidSet& uids) {
  for (const auto& message : messages) {
    if (uids.contains(message.uid)) tombstones[message.uid] = ++modseq;
  }
  std::erase_if(messages, [&](const StoredMessage& message) { return uids.contains(message.uid); });
}

imap::UidSet StoredMailbox::vanished(const imap::UidSet& among, std::uint64_t since) const {
  imap::UidSet found;
  for (const auto& [uid, when] : tombstones) {
    if (when > since && among.contains(uid)) found.add(uid);
  }
  return found;
}

void StoredMailbox::set_flags(StoredMessage& message, std::string flags) {
  if (message.mail.flags == flags) return;
  message.mail.flags = std::move(flags);
  message.modseq = ++modseq;
}

bool StoredMailbox::is_selectable() const {
  return std::ranges::find(attributes, "\\Noselect") == attributes.end();
}

bool Profile::has(std::string_view capability) const {
  return std::ranges::find(capabilities, capability) != capabilities.end();
}

Profile Profile::without(std::string_view capability) const {
  auto copy = *this;
  std::erase(copy.capabilities, capability);
  return copy;
}

Profile Profile::with_modseqs() const {
  auto copy = *this;
  for (const auto* extension : {"ENABLE", "CONDSTORE", "QRESYNC"}) {
    copy.capabilities.emplace_back(extension);
  }
  return copy;
}

StoredMailbox* ServerData::find(const std::string& name) {
  const auto found = mailboxes.find(name);
  return found == mailboxes.end() ? nullptr : &found->second;
}

std::size_t ServerData::count(std::string_view text) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      log, [text](const std::string& command) { return contains(command, text); }));
}

ServerState::ServerState(std::vector<Box> boxes, Profile profile) {
  data.with([&](ServerData& server) {
    server.profile = std::move(profile);
    for (auto& box : boxes) {
      StoredMailbox mailbox;
      mailbox.name = box.name;
      mailbox.attributes = std::move(box.attributes);
      for (auto& message : box.messages) mailbox.append(std::move(message));
      server.mailboxes.emplace(box.name, std::move(mailbox));
    }
  });
}

Plan ServerState::receive(const std::string& command) {
  auto plan = data.with([&](ServerData& server) {
    server.log.push_back(command);
    Plan made;
    for (const auto& hold : server.faults.holds) {
      if (is_hit(*hold, command)) made.hold = hold;
    }
    auto& cuts = server.faults.cuts;
    for (auto cut = cuts.begin(); cut != cuts.end(); ++cut) {
      if (!is_hit(*cut, command)) continue;
      made.cut = *cut;
      cuts.erase(cut);
      break;
    }
    for (auto& refusal : server.faults.refusals) {
      if (refusal.times == 0 || !is_hit(refusal, command)) continue;
      --refusal.times;
      made.refusal = refusal;
      break;
    }
    return made;
  });
  changed.notify_all();
  return plan;
}

bool ServerState::wait_for_release(const std::shared_ptr<HeldReply>& hold) {
  return data.with_lock([&](ServerData& server, std::unique_lock<std::mutex>& lock) {
    ++hold->waiting;
    changed.notify_all();
    changed.wait(lock, [&] { return hold->released || server.ending; });
    --hold->waiting;
    return !server.ending;
  });
}

void ServerState::release(const std::shared_ptr<HeldReply>& hold) {
  data.with([&](ServerData& server) {
    hold->released = true;
    server.faults.holds.remove(hold);
  });
  changed.notify_all();
}

void ServerState::end() {
  data.with([](ServerData& server) { server.ending = true; });
  changed.notify_all();
}

}  // namespace tests
