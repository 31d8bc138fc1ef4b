#include "fs/mail/pending.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace fs {
namespace {

using Kind = cache::ChangeRow::Kind;

void put_flags(cache::ChangeRow& row, const FlagsEdit& edit) {
  row.add = edit.add.bits;
  row.add_keywords = edit.add.keywords;
  row.remove = edit.remove.bits;
  row.remove_keywords = edit.remove.keywords;
}

/// So that it can be found again when the cache has forgotten it.
void describe(cache::ChangeRow& change, const cache::MessageRow& row) {
  change.message_id = row.message_id;
  change.subject = row.subject;
  change.internal_date = row.internal_date;
  change.size = row.size;
}

cache::ChangeRow change(Kind kind, const cache::MessageName& message) {
  cache::ChangeRow row;
  row.kind = kind;
  row.message = message;
  row.time = std::time(nullptr);
  return row;
}

}  // namespace

FlagsEdit flags_edit(const cache::ChangeRow& row) {
  return {{row.add, row.add_keywords}, {row.remove, row.remove_keywords}};
}

// What is known, under the lock

const std::vector<Pending::Held>* Pending::State::of(const MessageKey& key) const {
  const auto found = changes.find(key);
  return found == changes.end() ? nullptr : &found->second;
}

bool Pending::State::is_fixed(const MessageKey& key) const {
  const auto* held = of(key);
  return held != nullptr && std::ranges::any_of(*held, [](const Held& one) {
           return one.sending || (one.tried && one.change.row.kind != Kind::flags);
         });
}

const PendingChange* Pending::State::leaving(const MessageKey& key) const {
  const auto* held = of(key);
  if (held == nullptr) return nullptr;
  const auto found = std::ranges::find_if(
      *held, [](const Held& one) { return one.change.row.kind != Kind::flags; });
  return found == held->end() ? nullptr : &found->change;
}

const PendingChange* Pending::State::new_flags(const MessageKey& key) const {
  const auto* held = of(key);
  if (held == nullptr) return nullptr;
  const auto found = std::ranges::find_if(
      *held, [](const Held& one) { return one.change.row.kind == Kind::flags; });
  return found == held->end() ? nullptr : &found->change;
}

void Pending::State::insert(PendingChange change) {
  const auto key = change.key();
  const auto id = change.id.value;
  order.emplace(id, key);
  ++by_mailbox[key.mailbox];
  if (change.row.kind == Kind::move) arrivals[change.target.value].emplace(id, key);
  changes[key].push_back({std::move(change)});
}

void Pending::State::replace(const PendingChange& change) {
  for (auto& held : changes[change.key()]) {
    if (held.change.id == change.id) held.change = change;
  }
}

void Pending::State::erase(cache::RecordId id) {
  const auto at = order.find(id.value);
  if (at == order.end()) return;
  const auto key = at->second;
  order.erase(at);
  auto& of_message = changes[key];
  const auto held =
      std::ranges::find_if(of_message, [id](const Held& one) { return one.change.id == id; });
  if (held->change.row.kind == Kind::move) {
    auto& coming = arrivals[held->change.target.value];
    coming.erase(id.value);
    if (coming.empty()) arrivals.erase(held->change.target.value);
  }
  of_message.erase(held);
  if (of_message.empty()) changes.erase(key);
  if (--by_mailbox[key.mailbox] == 0) by_mailbox.erase(key.mailbox);
}

// Beginning

std::vector<cache::ChangeRow> Pending::load(const FolderTree& folders) {
  const std::lock_guard lock(writing_);
  std::vector<cache::ChangeRow> homeless;
  std::vector<cache::RecordId> dropped;
  for (auto& [id, row] : journal_.all<cache::ChangeRow>()) {
    const auto* folder = folders.find_wire(row.message.mailbox);
    const auto* target = row.kind == Kind::move ? folders.find_wire(row.target) : folder;
    if (folder == nullptr || target == nullptr) {
      dropped.push_back(id);
      homeless.push_back(std::move(row));
      continue;
    }
    PendingChange change{id, std::move(row), folder->id, target->id};
    state_.with([&](State& state) {
      const auto key = change.key();
      // Of two that the end of the process left standing the later one is what the user wanted.
      if (const auto* earlier = state.leaving(key);
          earlier != nullptr && change.row.kind != Kind::flags) {
        dropped.push_back(earlier->id);
        state.erase(earlier->id);
      }
      state.insert(std::move(change));
      state.changes[key].back().tried = true;
    });
  }
  journal_.erase<cache::ChangeRow>(dropped);
  for (const auto& [id, row] : journal_.all<cache::MarkRow>()) {
    const auto* folder = folders.find_wire(row.message.mailbox);
    if (folder == nullptr) continue;
    state_.with(
        [&, id = id, uid = row.message.uid, validity = row.message.uid_validity](State& state) {
          state.marks[folder->id.value][uid] = {id, validity};
        });
  }
  return homeless;
}

// Those who read

bool Pending::concerns(cache::MailboxId mailbox) const {
  return state_.with([mailbox](const State& state) {
    return state.by_mailbox.contains(mailbox.value) || state.arrivals.contains(mailbox.value) ||
           state.marks.contains(mailbox.value);
  });
}

bool Pending::hides(const MessageKey& key, const cache::MessageRow& row) const {
  return state_.with([&](const State& state) {
    if (state.leaving(key) != nullptr) return true;
    const auto marks = state.marks.find(key.mailbox);
    // Whoever takes the flag off gives the message back.
    return marks != state.marks.end() && marks->second.contains(key.uid) &&
           (row.flags & imap::Flags::deleted) != 0;
  });
}

std::unordered_set<std::uint32_t> Pending::leaving(cache::MailboxId mailbox) const {
  return state_.with([mailbox](const State& state) {
    std::unordered_set<std::uint32_t> uids;
    if (!state.by_mailbox.contains(mailbox.value)) return uids;
    for (const auto& [key, held] : state.changes) {
      if (key.mailbox == mailbox.value && state.leaving(key) != nullptr) uids.insert(key.uid);
    }
    return uids;
  });
}

bool Pending::is_leaving(const MessageKey& key) const {
  return state_.with([&key](const State& state) { return state.leaving(key) != nullptr; });
}

bool Pending::is_removed(const MessageKey& key) const {
  return state_.with([&key](const State& state) {
    const auto* leaving = state.leaving(key);
    return leaving != nullptr && leaving->row.kind == Kind::remove;
  });
}

void Pending::patch(const MessageKey& key, cache::MessageRow& row) const {
  const auto edit = state_.with([&key](const State& state) {
    const auto* flags = state.new_flags(key);
    return flags == nullptr ? FlagsEdit{} : flags_edit(flags->row);
  });
  edit.apply_to(row);
}

std::vector<Pending::Arrival> Pending::arrivals(cache::MailboxId mailbox) const {
  return state_.with([mailbox](const State& state) {
    std::vector<Arrival> all;
    const auto coming = state.arrivals.find(mailbox.value);
    if (coming == state.arrivals.end()) return all;
    for (const auto& [id, key] : coming->second) {
      all.push_back({{id}, key, state.leaving(key)->row.name});
    }
    return all;
  });
}

std::optional<MessageKey> Pending::arrival(cache::MailboxId mailbox, std::string_view name) const {
  for (const auto& coming : arrivals(mailbox)) {
    if (coming.name == name) return coming.key;
  }
  return std::nullopt;
}

std::optional<Pending::Arrival> Pending::destination(const MessageKey& key,
                                                     cache::MailboxId& mailbox) const {
  return state_.with([&](const State& state) -> std::optional<Arrival> {
    const auto* leaving = state.leaving(key);
    if (leaving == nullptr || leaving->row.kind != Kind::move) return std::nullopt;
    mailbox = leaving->target;
    return Arrival{leaving->id, key, leaving->row.name};
  });
}

// The user

void Pending::add(const MessageKey& key, cache::ChangeRow row, cache::MailboxId target) {
  const auto id = journal_.add(row);
  state_.with([&](State& state) { state.insert({id, row, {key.mailbox}, target}); });
  changed_.notify_all();
}

Pending::Taken Pending::set_flags(const MessageKey& key, const cache::MessageName& message,
                                  const FlagsEdit& edit) {
  const std::lock_guard lock(writing_);
  auto row = change(Kind::flags, message);
  put_flags(row, edit);
  std::optional<PendingChange> known;
  const bool fixed = state_.with([&](const State& state) {
    if (const auto* flags = state.new_flags(key)) known = *flags;
    return state.is_fixed(key);
  });
  if (fixed) return Taken::being_sent;
  if (!known) {
    add(key, std::move(row), {});
    return Taken::yes;
  }
  auto both = flags_edit(known->row);
  both.then(edit);
  put_flags(known->row, both);
  advance(*known);
  return Taken::yes;
}

Pending::Taken Pending::remove(const MessageKey& key, const cache::MessageName& message,
                               const cache::MessageRow& row) {
  auto removal = change(Kind::remove, message);
  describe(removal, row);
  return leave(key, std::move(removal), {});
}

Pending::Taken Pending::move(const MessageKey& key, const cache::MessageName& message,
                             const cache::MessageRow& row, const Target& target) {
  auto move = change(Kind::move, message);
  move.target = target.wire_name;
  move.name = target.name;
  describe(move, row);
  return leave(key, std::move(move), target.mailbox);
}

Pending::Taken Pending::leave(const MessageKey& key, cache::ChangeRow row,
                              cache::MailboxId target) {
  const std::lock_guard lock(writing_);
  std::optional<PendingChange> known;
  const bool fixed = state_.with([&](const State& state) {
    if (const auto* leaving = state.leaving(key)) known = *leaving;
    return state.is_fixed(key);
  });
  if (fixed) return Taken::being_sent;
  if (row.kind == Kind::remove && known) row.target = known->row.target;
  // The new one first: a crash between the two leaves both, and the later one counts for nothing
  // but what the earlier one has done already.
  if (!(row.kind == Kind::move && target.value == key.mailbox)) add(key, std::move(row), target);
  if (known) {
    state_.with([&](State& state) { state.erase(known->id); });
    journal_.erase<cache::ChangeRow>({known->id});
    changed_.notify_all();
  }
  return Taken::yes;
}

bool Pending::wait_unsent(const MessageKey& key, imap::Deadline deadline, Interrupt& interrupt) {
  return state_.with_lock([&](State& state, std::unique_lock<std::mutex>& lock) {
    return changed_.wait_until(lock, interrupt.token(), deadline.at(),
                               [&] { return !state.is_fixed(key); });
  });
}

// Barriers

cache::RecordId Pending::last() const {
  return state_.with([](const State& state) {
    return cache::RecordId{state.order.empty() ? 0 : state.order.rbegin()->first};
  });
}

bool Pending::wait_ended(cache::RecordId last, imap::Deadline deadline, Interrupt& interrupt) {
  return state_.with_lock([&](State& state, std::unique_lock<std::mutex>& lock) {
    return changed_.wait_until(lock, interrupt.token(), deadline.at(), [&] {
      return state.order.empty() || state.order.begin()->first > last.value;
    });
  });
}

bool Pending::wait_ended(const MessageKey& key, imap::Deadline deadline, Interrupt& interrupt) {
  return state_.with_lock([&](State& state, std::unique_lock<std::mutex>& lock) {
    return changed_.wait_until(lock, interrupt.token(), deadline.at(),
                               [&] { return state.of(key) == nullptr; });
  });
}

bool Pending::has_changes(const MessageKey& key) const {
  return state_.with([&key](const State& state) { return state.of(key) != nullptr; });
}

bool Pending::has(cache::RecordId id) const {
  return state_.with([id](const State& state) { return state.order.contains(id.value); });
}

std::size_t Pending::size() const {
  return state_.with([](const State& state) { return state.order.size(); });
}

// The outbox

std::optional<Pending::Batch> Pending::take(std::size_t most) {
  const std::lock_guard lock(writing_);
  return state_.with([most](State& state) -> std::optional<Batch> {
    std::optional<Batch> batch;
    std::size_t messages = 0;
    for (const auto& [id, key] : state.order) {
      if (batch && batch->mailbox.value != key.mailbox) continue;
      auto& of_message = state.changes[key];
      if (of_message.front().sending) continue;
      if (messages++ == most) break;
      if (!batch) batch = Batch{{key.mailbox}, {}};
      for (auto& held : of_message) {
        held.sending = true;
        held.tried = true;
        batch->changes.push_back(held.change);
      }
    }
    return batch;
  });
}

void Pending::put_back(const std::vector<cache::RecordId>& ids) {
  const std::lock_guard lock(writing_);
  state_.with([&ids](State& state) {
    for (const auto id : ids) {
      const auto at = state.order.find(id.value);
      if (at == state.order.end()) continue;
      for (auto& held : state.changes[at->second]) {
        if (held.change.id == id) held.sending = false;
      }
    }
  });
  changed_.notify_all();
}

void Pending::advance(const PendingChange& change) {
  journal_.put(change.id, change.row);
  state_.with([&change](State& state) { state.replace(change); });
}

void Pending::ended(const std::vector<cache::RecordId>& ids) {
  const std::lock_guard lock(writing_);
  journal_.erase<cache::ChangeRow>(ids);
  state_.with([&ids](State& state) {
    for (const auto id : ids) state.erase(id);
  });
  changed_.notify_all();
}

// Marks

void Pending::mark(const MessageKey& key, const cache::MessageName& message) {
  const std::lock_guard lock(writing_);
  const bool known = state_.with([&key](const State& state) {
    const auto marks = state.marks.find(key.mailbox);
    return marks != state.marks.end() && marks->second.contains(key.uid);
  });
  if (known) return;
  const auto id = journal_.add(cache::MarkRow{message});
  state_.with([&](State& state) {
    state.marks[key.mailbox][key.uid] = {id, message.uid_validity};
  });
}

void Pending::unmark(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) {
  const std::lock_guard lock(writing_);
  std::vector<cache::RecordId> ids;
  state_.with([&](State& state) {
    const auto marks = state.marks.find(mailbox.value);
    if (marks == state.marks.end()) return;
    for (const auto uid : uids) {
      const auto found = marks->second.find(uid);
      if (found == marks->second.end()) continue;
      ids.push_back(found->second.id);
      marks->second.erase(found);
    }
    if (marks->second.empty()) state.marks.erase(marks);
  });
  if (!ids.empty()) journal_.erase<cache::MarkRow>(ids);
}

void Pending::renamed(cache::MailboxId mailbox, const std::string& wire_name) {
  const std::lock_guard lock(writing_);
  const auto marks = state_.with([mailbox](const State& state) {
    const auto found = state.marks.find(mailbox.value);
    return found == state.marks.end() ? std::map<std::uint32_t, Mark>{} : found->second;
  });
  for (const auto& [uid, mark] : marks) {
    journal_.put(mark.id, cache::MarkRow{{wire_name, mark.uid_validity, uid}});
  }
}

}  // namespace fs
