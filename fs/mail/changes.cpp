#include "fs/mail/changes.h"

#include "imap/session/resync.h"

#include <ctime>
#include <vector>

namespace fs {
namespace {

/// Rows that one write transaction takes.
constexpr std::size_t kRowsPerWrite = 1000;

/// A server may name UIDs by the billion; only those that are in the cache are looked at.
std::vector<std::uint32_t> known_of(const cache::View& view, cache::MailboxId mailbox,
                                    const imap::UidSet& uids) {
  std::vector<std::uint32_t> known;
  for (const auto& range : uids.ranges()) {
    view.messages_above(mailbox, range.first.value - 1, [&](const cache::MessageRow& row) {
      if (row.uid > range.last.value) return false;
      known.push_back(row.uid);
      return true;
    });
  }
  return known;
}

/// Whether another connection has told of something later. Without mod-sequences nobody knows.
bool is_outdated(const cache::Edit& edit, cache::MailboxId mailbox, imap::Uid uid,
                 imap::ModSeq modseq) {
  if (modseq.value == 0) return false;
  const auto known = edit.message(mailbox, uid.value);
  return known && known->modseq > modseq.value;
}

}  // namespace

void Changes::announce_to(std::shared_ptr<ChangeSink> sink) {
  sink_.with([&sink](auto& known) { known = std::move(sink); });
}

std::shared_ptr<ChangeSink> Changes::sink() const {
  return sink_.with([](const auto& known) { return known; });
}

void Changes::erase(cache::MailboxId mailbox, const imap::UidSet& uids) {
  const auto known =
      cache_.read([&](const cache::View& view) { return known_of(view, mailbox, uids); });
  for (std::size_t begin = 0; begin < known.size(); begin += kRowsPerWrite) {
    const auto first = known.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = std::min(kRowsPerWrite, known.size() - begin);
    const std::vector<std::uint32_t> some(first, first + static_cast<std::ptrdiff_t>(count));
    const auto gone = std::make_shared<Rows>();
    cache_.submit(
        [mailbox, some, gone](cache::Edit& edit) {
          gone->clear();
          for (const auto uid : some) {
            auto row = edit.message(mailbox, uid);
            if (!row || !edit.erase_message(mailbox, uid)) continue;
            if (const auto body = edit.body_of(*row)) row->body = *body;
            gone->push_back(std::move(*row));
          }
        },
        [this, mailbox, gone](const std::exception_ptr& error) {
          if (error || gone->empty()) return;
          announce(mailbox, *gone, false);
          std::vector<std::uint32_t> erased;
          for (const auto& row : *gone) erased.push_back(row.uid);
          on_gone_(mailbox, erased);
        });
  }
}

void Changes::put_flags(cache::MailboxId mailbox,
                        const std::map<imap::Uid, imap::FlagUpdate>& flags, Rule rule) {
  put_flags(mailbox, flags, [mailbox, rule](const auto& edit, imap::Uid uid, imap::ModSeq modseq) {
    return rule == Rule::later && is_outdated(edit, mailbox, uid, modseq);
  });
}

void Changes::put_flags_unless_stored(cache::MailboxId mailbox,
                                      const std::map<imap::Uid, imap::FlagUpdate>& flags,
                                      std::uint64_t stored) {
  put_flags(mailbox, flags, [this, mailbox, stored](const auto&, imap::Uid, imap::ModSeq) {
    return this->stored(mailbox) != stored;
  });
}

void Changes::put_flags(
    cache::MailboxId mailbox, const std::map<imap::Uid, imap::FlagUpdate>& flags,
    const std::function<bool(const cache::Edit&, imap::Uid, imap::ModSeq)>& skip) {
  std::vector<std::pair<imap::Uid, imap::FlagUpdate>> some;
  const auto write = [&] {
    if (some.empty()) return;
    cache_.submit([mailbox, some, skip](cache::Edit& edit) {
      for (const auto& [uid, update] : some) {
        if (skip(edit, uid, update.modseq)) continue;
        edit.put_flags(mailbox, uid.value, update.flags.bits, update.flags.keywords,
                       update.modseq.value);
      }
    });
    some.clear();
  };
  for (const auto& update : flags) {
    some.emplace_back(update);
    if (some.size() == kRowsPerWrite) write();
  }
  write();
}

void Changes::storing(cache::MailboxId mailbox) {
  stored_.with([mailbox](auto& stored) { ++stored[mailbox.value]; });
}

std::uint64_t Changes::stored(cache::MailboxId mailbox) const {
  return stored_.with([mailbox](const auto& stored) {
    const auto found = stored.find(mailbox.value);
    return found == stored.end() ? std::uint64_t{0} : found->second;
  });
}

void Changes::put_ahead(cache::Edit& edit, cache::MailboxId mailbox, std::uint64_t uid_validity) {
  auto row = edit.mailbox(mailbox);
  if (!row) return;
  if (row->uid_validity == 0) row->uid_validity = uid_validity;
  if (row->sync_class != static_cast<std::uint8_t>(imap::SyncClass::qresync)) row->uid_next = 0;
  edit.put_mailbox(mailbox, *row);
}

void Changes::edit_flags(cache::MailboxId mailbox, const imap::UidSet& uids,
                         const FlagsEdit& edit) {
  const auto known =
      cache_.read([&](const cache::View& view) { return known_of(view, mailbox, uids); });
  for (std::size_t begin = 0; begin < known.size(); begin += kRowsPerWrite) {
    const auto end = std::min(begin + kRowsPerWrite, known.size());
    cache_.submit(
        [mailbox, edit,
         some = std::vector(known.begin() + static_cast<std::ptrdiff_t>(begin),
                            known.begin() + static_cast<std::ptrdiff_t>(end))](cache::Edit& cache) {
          for (const auto uid : some) {
            auto row = cache.message(mailbox, uid);
            if (!row) continue;
            edit.apply_to(*row);
            cache.put_flags(mailbox, uid, row->flags, row->keywords, row->modseq);
          }
        });
  }
}

void Changes::keep(const MessageKey& key, const Departed::Message& message) {
  departed_.add(key, message);
}

void Changes::arrived(cache::MailboxId mailbox) {
  announce(mailbox, {}, true);
}

void Changes::name_changed(cache::MailboxId mailbox, const std::string& name) {
  if (const auto told = sink()) told->name_changed(mailbox, name);
}

void Changes::will_be_read(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) const {
  if (uids.empty()) return;
  if (const auto told = sink()) told->will_be_read(mailbox, uids);
}

void Changes::announce(cache::MailboxId mailbox, const Rows& gone, bool arrived) {
  for (const auto& row : gone) {
    if (row.body.value == 0) continue;
    departed_.add({mailbox.value, row.uid}, {row.body, row.size, row.internal_date});
  }
  last_.with([mailbox](auto& last) { last[mailbox.value] = std::time(nullptr); });
  if (const auto told = sink()) told->messages_changed(mailbox, gone, arrived);
}

void Changes::folders(const FolderTree& before, const FolderTree& after,
                      const std::vector<cache::MailboxId>& own) {
  for (const auto& [id, folder] : after.all()) {
    const auto* old = before.find(folder.id);
    if (old == nullptr || old->wire_name == folder.wire_name) continue;
    on_renamed_(folder.id, old->wire_name, folder.wire_name);
  }
  if (const auto told = sink()) told->folders_changed(before, after, own);
}

std::optional<std::int64_t> Changes::last(cache::MailboxId mailbox) const {
  return last_.with([mailbox](const auto& last) -> std::optional<std::int64_t> {
    const auto found = last.find(mailbox.value);
    return found == last.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace fs
