#include "fs/mail/mail_store.h"

#include <exception>
#include <utility>

namespace fs {

MailStore::MailStore(Backing backing)
    : backing_(std::move(backing)),
      stale_wait_(backing_.progress, backing_.settings.stale_wait),
      changes_(
          backing_.cache,
          [this](cache::MailboxId mailbox, const std::string& from, const std::string& to) {
            aliases_.renamed(from, to);
            pending_.renamed(mailbox, to);
          },
          [this](cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) {
            pending_.unmark(mailbox, uids);
          }),
      folders_(backing_, stale_wait_, changes_,
               [this](imap::Session& session, const std::vector<imap::ListRow>& listed) {
                 look_at(session, listed);
               }),
      folder_changes_(backing_, folders_),
      messages_(backing_, stale_wait_, changes_, folders_),
      bodies_(backing_, changes_, folders_),
      aliases_(backing_.journal, backing_.cache),
      appender_(backing_, changes_, folders_, aliases_),
      copier_(backing_, changes_, folders_),
      pending_(backing_.journal),
      outgoing_(backing_.journal),
      refusals_(backing_.settings.on_refused),
      outbox_(backing_, {folders_, changes_, pending_, outgoing_, aliases_, appender_, refusals_,
                         [this](cache::MailboxId mailbox) {
                           messages_.request_sync(mailbox);
                         }}),
      poller_(backing_.settings.poll_interval, [this] { folders_.refresh(); }) {}

MailStore::~MailStore() {
  try {
    // It tells the parts of this object of each body that it has stored.
    backing_.cache.run([](cache::Edit&) {});
  } catch (const std::exception&) {
    // What went before has been told all the same.
  }
}

std::optional<cache::MessageRow> MailStore::cached_message(cache::MailboxId mailbox,
                                                           imap::Uid uid) const {
  // Asked before the row is read: a fetch that has ended meanwhile has put its size there.
  const auto arriving = bodies_.arriving_size(mailbox, uid);
  auto row = messages_.cached(mailbox, uid);
  if (row && arriving) {
    row->size = *arriving;
    row->size_exact = true;
  }
  if (row) pending_.patch({mailbox.value, uid.value}, *row);
  return row;
}

std::optional<cache::MessageRow> MailStore::find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                         Interrupt& interrupt) {
  const MessageKey key{mailbox.value, uid.value};
  const bool is_leaving = pending_.is_leaving(key);
  auto row = cached_message(mailbox, uid);
  if (!row && messages_.find(mailbox, uid, interrupt)) row = cached_message(mailbox, uid);
  if (row && (is_leaving || pending_.hides(key, *row))) row.reset();
  return row;
}

void MailStore::visit_messages(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                               Interrupt& interrupt,
                               const std::function<bool(const cache::MessageRow&)>& visit) {
  if (!pending_.concerns(mailbox)) {
    return messages_.visit(mailbox, below, may_wait, interrupt, visit);
  }
  const auto leaving = pending_.leaving(mailbox);
  messages_.visit(mailbox, below, may_wait, interrupt, [&](const cache::MessageRow& row) {
    const MessageKey key{mailbox.value, row.uid};
    if (leaving.contains(row.uid) || pending_.hides(key, row)) return true;
    auto patched = row;
    pending_.patch(key, patched);
    return visit(patched);
  });
}

void MailStore::take(const imap::Updates& updates) {
  if (updates.overflow) messages_.distrust();
  messages_.apply(updates);
  for (const auto& [name, status] : updates.statuses) messages_.note_status(status);
  if (updates.overflow || updates.folders_changed) folders_.refresh();
}

void MailStore::look_at(imap::Session& session, const std::vector<imap::ListRow>& listed) {
  std::vector<std::string> unknown;
  bool is_open = false;
  for (const auto& mailbox : listed) {
    // What is said of the mailbox that is open is often stale (RFC 9051 6.3.11): it tells itself.
    if (session.selected() && session.selected()->name == mailbox.name) {
      is_open = true;
    } else if (mailbox.status) {
      messages_.note_status(*mailbox.status);
    } else if (messages_.is_worth_asking(mailbox.name)) {
      unknown.push_back(mailbox.name);
    }
  }
  for (const auto& status : session.statuses(unknown)) {
    if (status) messages_.note_status(*status);
  }
  if (is_open) session.noop();
}

std::optional<Departed::Message> MailStore::departed(cache::MailboxId mailbox,
                                                     imap::Uid uid) const {
  const auto message = changes_.departed().find({mailbox.value, uid.value});
  if (!message) return std::nullopt;
  const auto size =
      backing_.cache.read([&](const cache::View& view) { return view.body_size(message->body); });
  return size ? message : std::nullopt;
}

bool MailStore::is_body_cached(cache::MailboxId mailbox, imap::Uid uid) const {
  return backing_.cache.read([&](const cache::View& view) {
    const auto row = view.message(mailbox, uid.value);
    return row && view.body_of(*row).has_value();
  });
}

cache::Totals MailStore::totals() const {
  return backing_.cache.read([](const cache::View& view) { return view.totals(); });
}

}  // namespace fs
