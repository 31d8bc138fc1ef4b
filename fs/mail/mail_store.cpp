#include "fs/mail/mail_store.h"

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace fs {

MailStore::MailStore(cache::Store& cache, imap::Pool& pool, const imap::Progress& progress,
                     Settings settings)
    : cache_(cache), pool_(pool), progress_(progress), settings_(settings) {}

MailStore::~MailStore() {
  try {
    // It tells this object of each body that it has stored.
    cache_.run([](cache::Edit&) {});
  } catch (const std::exception&) {
    // What went before has been told all the same.
  }
}

std::shared_ptr<const FolderTree> MailStore::folders() const {
  return folders_.with([](const Folders& folders) { return folders.tree; });
}

std::string MailStore::wire_name(cache::MailboxId mailbox) const {
  const auto tree = folders();
  const auto* folder = tree->find(mailbox);
  if (folder == nullptr || !folder->selectable) {
    throw StaleError(fmt::format("folder {} is gone", mailbox.value));
  }
  return folder->wire_name;
}

void MailStore::load_folders(Interrupt& interrupt) {
  request_folders().wait(settings_.timeout, interrupt.token());
}

void MailStore::freshen_folders(Interrupt& interrupt) {
  const auto now = Clock::now();
  const auto fresh = folders_.with([&](const Folders& folders) {
    return folders.loaded && now - *folders.loaded < settings_.folders_fresh;
  });
  if (fresh) return;
  const auto ticket = request_folders();
  const auto since = folders_.with([](const Folders& folders) { return folders.loading_since; });
  // What is known is good enough for a while; whoever comes next sees what is new.
  ticket.wait_until(imap::Deadline(since + settings_.stale_wait), interrupt.token());
}

imap::Ticket MailStore::request_folders() {
  bool start = false;
  const auto ticket = folders_.with([&](Folders& folders) {
    if (!folders.loading || folders.loading->is_done()) {
      folders.loading = imap::Ticket();
      folders.loading_since = Clock::now();
      start = true;
    }
    return *folders.loading;
  });
  // Of many who come at once one asks, and all get its answer.
  if (start) {
    pool_.run({}, [this](imap::Session& session) { list_folders(session); })
        .on_done([ticket](const std::exception_ptr& error) { ticket.finish(error); });
  }
  return ticket;
}

void MailStore::list_folders(imap::Session& session) {
  Hierarchy hierarchy;
  const auto listed = session.list();
  const auto personal = session.personal_namespace(listed);
  hierarchy.prefix = personal.prefix;
  hierarchy.delimiter = personal.delimiter;

  FolderTree::Rows rows;
  cache_.run([&](cache::Edit& edit) {
    rows.clear();
    std::unordered_map<std::string, std::pair<cache::MailboxId, cache::MailboxRow>> known;
    for (auto& [id, row] : edit.mailboxes()) {
      auto name = row.wire_name;
      known.emplace(std::move(name), std::pair{id, std::move(row)});
    }
    const auto keep = [&](const cache::MailboxRow& found) {
      auto at = known.find(found.wire_name);
      if (at == known.end()) {
        rows.emplace_back(edit.add_mailbox(found), found);
        return;
      }
      auto [id, row] = at->second;
      if (row.delimiter != found.delimiter || row.attributes != found.attributes) {
        row.delimiter = found.delimiter;
        row.attributes = found.attributes;
        edit.put_mailbox(id, row);
      }
      rows.emplace_back(id, std::move(row));
      known.erase(at);
    };
    std::unordered_set<std::string> seen;
    for (const auto& found : listed) {
      // `INBOX.` itself, where it is the prefix, is no folder.
      if (found.name + found.delimiter.value_or('\0') == hierarchy.prefix &&
          found.name != "INBOX") {
        continue;
      }
      if (seen.insert(found.name).second) keep(to_row(found));
    }
    for (const auto& parent : missing_parents(rows, hierarchy)) {
      cache::MailboxRow row;
      row.wire_name = parent;
      row.delimiter = hierarchy.delimiter ? hierarchy.delimiter : rows.front().second.delimiter;
      row.attributes = no_select | implicit;
      keep(row);
    }
    for (const auto& [name, gone] : known) edit.erase_mailbox(gone.first);
  });
  publish_folders(std::move(rows), hierarchy);
  folders_.with([](Folders& folders) { folders.loaded = Clock::now(); });
}

void MailStore::publish_folders(FolderTree::Rows rows, const std::optional<Hierarchy>& hierarchy) {
  folders_.with([&](Folders& folders) {
    if (hierarchy) folders.hierarchy = *hierarchy;
    folders.rows = std::move(rows);
    folders.tree = std::make_shared<FolderTree>(folders.rows, folders.hierarchy);
  });
}

}  // namespace fs
