// Folders that get another name, or go to another place.

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/folder_change.h"
#include "fs/mail/folder_changes.h"
#include "fs/mail/new_folder_name.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace fs {
namespace {

using Reason = ChangeRefusedError::Reason;
using Statuses = std::map<std::string, imap::StatusRow>;

/// Whether what is known of a mailbox is true of the one that is there now.
bool is_same(const cache::MailboxRow& known, const cache::MailboxRow& there,
             const Statuses& statuses) {
  if (known.uid_validity == 0) return true;  // nothing is known
  const auto status = statuses.find(there.wire_name);
  if (status == statuses.end()) return false;
  const auto& id = status->second.mailbox_id;
  if (!id.empty() && !known.object_id.empty() && id != known.object_id) return false;
  return status->second.uid_validity == known.uid_validity;
}

}  // namespace

std::optional<std::string> FolderChanges::Move::moved(std::string_view name) const {
  if (name != from && !is_below(name, from, delimiter)) return std::nullopt;
  return to + std::string(name.substr(from.size()));
}

void FolderChanges::rename(cache::MailboxId id, cache::MailboxId parent, std::string_view entry,
                           Replace replace, Interrupt& interrupt) {
  const auto tree = folders_.tree();
  const auto& folder = found(*tree, id);
  const auto refuse = [&folder](Reason reason, std::string_view why) {
    throw ChangeRefusedError(reason, fmt::format("cannot rename {}: {}", folder.wire_name, why));
  };
  // RENAME would move its messages and leave it (RFC 9051 6.3.6).
  if (folder.wire_name == "INBOX") refuse(Reason::not_permitted, "INBOX stays where it is");
  const auto* target = tree->child(found(*tree, parent).id, entry);
  if (target == &folder) return;
  for (const auto* above = &found(*tree, parent); above->id != FolderTree::kRoot;
       above = &found(*tree, above->parent)) {
    if (above->id == id) refuse(Reason::invalid, "it cannot be in itself");
  }
  Move move;
  move.from = folder.wire_name;
  move.delimiter = folder.delimiter;
  if (target != nullptr) {
    if (replace == Replace::no) refuse(Reason::exists, "the other name is taken");
    if (target->wire_name == "INBOX") refuse(Reason::not_permitted, "INBOX cannot be replaced");
    move.to = target->wire_name;
    move.replaced = *target;
  } else {
    move.to = name_for(*tree, parent, entry);
  }
  perform(
      fmt::format("rename folder {}", move.from),
      [this, move](imap::Session& session, Change& change) { rename_now(session, change, move); },
      interrupt);
}

void FolderChanges::rename_now(imap::Session& session, Change& change, const Move& move) {
  if (session.quirks().mailboxes_are_labels && has_excess_space(move.to)) {
    throw ChangeRefusedError(Reason::invalid, "this server takes no spaces at the ends of a name");
  }
  const auto is_there = [&session](const std::string& name) {
    return row_of(session.list({.prefix = name}), name) != nullptr;
  };
  const bool was_done = change.sent && !is_there(move.from) && is_there(move.to);
  if (!was_done) rename_at_server(session, change, move);
  if (move.delimiter) keep_parent(move.from, *move.delimiter);
  take_over(session, change, move);
  move_subscriptions(session, change, move);
}

void FolderChanges::rename_at_server(imap::Session& session, Change& change, const Move& move) {
  if (move.replaced) {
    Change removing;  // without it the name is free, and nothing else has happened yet
    delete_empty(session, removing, *move.replaced);
  }
  const auto listed = session.list({.subscriptions = true, .prefix = move.from});
  for (const auto& row : listed) {
    if (row.subscribed && move.moved(row.name)) change.subscribed.insert(row.name);
  }
  change.sent = true;
  try {
    session.rename_mailbox(move.from, move.to);
  } catch (const imap::CommandError& refusal) {
    change.sent = false;
    explain(session, refusal, move.from, move.to);
  }
}

/// What the cache has of the folders goes with them, as far as they are still the same.
void FolderChanges::take_over(imap::Session& session, Change& change, const Move& move) {
  std::vector<std::string> before;
  std::vector<std::string> opened;
  for (const auto& [id, row] :
       backing_.cache.read([](const cache::View& view) { return view.mailboxes(); })) {
    const auto name = move.moved(row.wire_name);
    if (!name) continue;
    before.push_back(row.wire_name);
    if (folders_.forget_empty(row.wire_name)) folders_.keep_empty(*name);
    if (row.uid_validity != 0) opened.push_back(*name);
  }
  // Who has one of them open hears of it under a name that may be another's soon, or nothing.
  backing_.pool.leave(before);
  std::map<std::string, cache::MailboxRow> there;
  for (const auto& row : session.list({.prefix = move.to})) {
    if (row.name == move.to || is_below(row.name, move.to, move.delimiter)) {
      there.emplace(row.name, to_row(row));
    }
  }
  Statuses statuses;
  for (auto& status : session.statuses(opened)) {
    if (status) statuses.insert_or_assign(status->name, std::move(*status));
  }
  edit(change, [&](cache::Edit& edit) {
    Folders::Own own;
    auto fresh = there;
    for (auto& [id, row] : edit.mailboxes()) {
      const auto name = move.moved(row.wire_name);
      if (!name) {
        // What was replaced.
        if (there.contains(row.wire_name) && edit.erase_mailbox(id)) own.push_back(id);
        continue;
      }
      const auto now = there.find(*name);
      const bool listed = now != there.end();
      // A directory that the server lists for what is below it alone, if at all.
      if (!listed ? (row.attributes & implicit) == 0 : !is_same(row, now->second, statuses)) {
        edit.erase_mailbox(id);
        continue;
      }
      row.wire_name = *name;
      if (listed) row.attributes = now->second.attributes;
      edit.put_mailbox(id, row);
      fresh.erase(*name);
      if (*name == move.to) own.push_back(id);
    }
    for (const auto& [name, row] : fresh) edit.add_mailbox(row);
    return own;
  });
}

void FolderChanges::move_subscriptions(imap::Session& session, Change& change, const Move& move) {
  using Subscription = imap::Session::Subscription;
  for (const auto& name : change.subscribed) {
    try_subscribe(session, *move.moved(name), Subscription::add);
    try_subscribe(session, name, Subscription::remove);
  }
}

}  // namespace fs
