// What the server tells unasked of its mailboxes' messages.

#include "fs/mail/messages.h"

namespace fs {
namespace {

/// A mailbox that somebody has looked at this recently is worth some effort.
constexpr std::chrono::minutes kInUse{10};

/// Whether the counts are what the cache has.
bool agrees(const imap::StatusRow& status, const cache::MailboxRow& row, std::uint32_t count) {
  const auto is = [](const auto& told, std::uint64_t known) {
    return !told || *told == known;
  };
  return is(status.messages, count) && is(status.uid_validity, row.uid_validity) &&
         is(status.uid_next, row.uid_next) && is(status.highest_modseq, row.highest_modseq);
}

}  // namespace

void Messages::apply(const imap::Updates& updates) {
  for (const auto& update : updates.mailboxes) {
    const auto tree = folders_.tree();
    const auto* folder = tree->find_wire(update.mailbox);
    if (folder == nullptr) continue;
    const auto mailbox = folder->id;
    const auto row =
        backing_.cache.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
    if (!row) continue;
    if (!row->listed) {
      // Of one that nobody has looked at yet nothing is known that could be wrong.
      if (is_running(mailbox)) request_sync(mailbox);
      continue;
    }
    const bool same = row->uid_validity == update.uid_validity.value;
    if (same) {
      changes_.erase(mailbox, update.vanished);
      changes_.put_flags(mailbox, update.flags);
    }
    if (update.incomplete) {
      states_.with([mailbox](auto& states) { states[mailbox.value].flags_asked.reset(); });
    }
    if (!same || update.exists_changed || update.expunged > 0 || update.incomplete) {
      // What was expunged by number, or changed without being named, is not known to the session
      // any more: it was taken from it.
      const bool all_told = same && update.expunged == 0 && !update.incomplete;
      request_sync(mailbox, all_told ? updates.session : 0);
    }
  }
}

void Messages::note_status(const imap::StatusRow& status) {
  const auto tree = folders_.tree();
  const auto* folder = tree->find_wire(status.name);
  if (folder == nullptr || !folder->selectable) return;
  const auto mailbox = folder->id;
  const auto used = states_.with([mailbox](const auto& states) {
    const auto found = states.find(mailbox.value);
    return found != states.end() && found->second.used &&
           Clock::now() - *found->second.used < kInUse;
  });
  const bool differs = backing_.cache.read([&](const cache::View& view) {
    const auto row = view.mailbox(mailbox);
    if (!row || !row->listed) return false;
    // Flags change without a trace where there are no mod-sequences.
    return (used && is_plain(*row)) || !agrees(status, *row, view.message_count(mailbox));
  });
  if (differs) request_sync(mailbox);
}

bool Messages::is_running(cache::MailboxId mailbox) const {
  return states_.with([mailbox](const auto& states) {
    const auto found = states.find(mailbox.value);
    return found != states.end() && found->second.running != nullptr;
  });
}

bool Messages::is_worth_asking(const std::string& wire_name) const {
  const auto tree = folders_.tree();
  const auto* folder = tree->find_wire(wire_name);
  return folder != nullptr && folder->selectable && is_listed(folder->id) &&
         !backing_.pool.watched_since(wire_name);
}

void Messages::distrust() {
  states_.with([](auto& states) {
    for (auto& [mailbox, state] : states) {
      state.compared.reset();
      state.told = state.running != nullptr;
    }
  });
}

}  // namespace fs
