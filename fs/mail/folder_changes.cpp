#include "fs/mail/folder_changes.h"

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/folder_change.h"
#include "fs/mail/new_folder_name.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fs {
namespace {

using Reason = ChangeRefusedError::Reason;

std::vector<imap::ListRow> list_from(imap::Session& session, const std::string& name) {
  return session.list({.prefix = name});
}

}  // namespace

bool is_below(std::string_view name, std::string_view other, std::optional<char> delimiter) {
  return delimiter && name.size() > other.size() && name.starts_with(other) &&
         name[other.size()] == *delimiter;
}

const imap::ListRow* row_of(const std::vector<imap::ListRow>& listed, std::string_view name) {
  const auto found = std::ranges::find(listed, name, &imap::ListRow::name);
  return found == listed.end() ? nullptr : &*found;
}

void explain(imap::Session& session, const imap::CommandError& refusal,
             const std::string& must_be_there, const std::string& must_not_be_there) {
  if (!refusal.code().empty()) throw imap::CommandError(refusal);
  const auto is_there = [&session](const std::string& name) {
    return row_of(list_from(session, name), name) != nullptr;
  };
  if (!must_be_there.empty() && !is_there(must_be_there)) {
    throw NotFoundError(fmt::format("there is no folder {}: {}", must_be_there, refusal.what()));
  }
  if (!must_not_be_there.empty() && is_there(must_not_be_there)) {
    throw ChangeRefusedError(Reason::exists,
                             fmt::format("{} is there: {}", must_not_be_there, refusal.what()));
  }
  throw imap::CommandError(refusal);
}

void try_subscribe(imap::Session& session, const std::string& name,
                   imap::Session::Subscription subscription) {
  try {
    session.subscribe(name, subscription);
  } catch (const imap::CommandError&) {
    // The protocol's trace has it.
  }
}

const Folder& FolderChanges::found(const FolderTree& tree, cache::MailboxId id) {
  const auto* folder = tree.find(id);
  if (folder == nullptr) throw StaleError(fmt::format("folder {} is gone", id.value));
  return *folder;
}

std::string FolderChanges::name_for(const FolderTree& tree, cache::MailboxId parent,
                                    std::string_view entry) const {
  auto hierarchy = folders_.hierarchy();
  const auto* inbox = tree.find_wire("INBOX");
  if (!hierarchy.delimiter && inbox != nullptr) hierarchy.delimiter = inbox->delimiter;
  return new_wire_name(found(tree, parent), hierarchy, entry);
}

void FolderChanges::perform(const std::string& what, Run run, Interrupt& interrupt) {
  const auto change = std::make_shared<Change>();
  // Of the job alone: it ends with the job, whoever still waits.
  auto changing = std::make_shared<Folders::Changing>(folders_);
  const auto ticket = backing_.pool.run(
      {.what = what},
      [this, change, changing = std::move(changing), run = std::move(run)](imap::Session& session) {
        try {
          run(session, *change);
        } catch (const imap::ConnectionError&) {
          // In case that it does not run again: what has come of it is asked for by another.
          if (change->sent) folders_.refresh();
          throw;
        }
      });
  try {
    ticket.wait(backing_.settings.timeout, interrupt.token());
  } catch (...) {
    // What came after the change itself, such as the subscription, does not undo it.
    if (change->waiter.exchange(Change::Waiter::has_left) == Change::Waiter::was_served) return;
    throw;
  }
}

void FolderChanges::edit(Change& change, const std::function<Folders::Own(cache::Edit&)>& work) {
  folders_.edit(work, [&change] {
    return change.waiter.exchange(Change::Waiter::was_served) == Change::Waiter::waits;
  });
}

void FolderChanges::keep_parent(const std::string& wire_name, char delimiter) {
  const auto cut = wire_name.rfind(delimiter);
  if (cut == std::string::npos) return;
  const auto tree = folders_.tree();
  const auto* parent = tree->find_wire(wire_name.substr(0, cut));
  if (parent != nullptr && !parent->selectable) folders_.keep_empty(parent->wire_name);
}

cache::MailboxId FolderChanges::create(cache::MailboxId parent, std::string_view entry,
                                       Interrupt& interrupt) {
  const auto name = name_for(*folders_.tree(), parent, entry);
  perform(
      "make folder " + name,
      [this, name](imap::Session& session, Change& change) { create_now(session, change, name); },
      interrupt);
  const auto tree = folders_.tree();
  const auto* made = tree->find_wire(name);
  if (made == nullptr) throw NotFoundError(fmt::format("{} was made, and is gone again", name));
  return made->id;
}

void FolderChanges::create_now(imap::Session& session, Change& change, const std::string& name) {
  if (session.quirks().mailboxes_are_labels && has_excess_space(name)) {
    throw ChangeRefusedError(Reason::invalid, "this server takes no spaces at the ends of a name");
  }
  std::string object_id;
  const bool was_done = change.sent && row_of(list_from(session, name), name) != nullptr;
  if (!was_done) {
    change.sent = true;
    try {
      object_id = session.create_mailbox(name);
    } catch (const imap::CommandError& refusal) {
      change.sent = false;
      explain(session, refusal, {}, name);
    }
  }
  const auto listed = list_from(session, name);
  const auto* row = row_of(listed, name);
  if (row == nullptr) {
    folders_.refresh();
    throw MailError(fmt::format("the server has made {} under another name", name));
  }
  auto made = to_row(*row);
  made.object_id = object_id;
  edit(change, [&made](cache::Edit& edit) -> Folders::Own {
    for (auto& [id, known] : edit.mailboxes()) {
      if (known.wire_name != made.wire_name) continue;
      // It was a directory for what was in it.
      known.attributes = made.attributes;
      edit.put_mailbox(id, known);
      return {id};
    }
    return {edit.add_mailbox(made)};
  });
  try_subscribe(session, name, imap::Session::Subscription::add);
}

void FolderChanges::remove(cache::MailboxId id, Interrupt& interrupt) {
  const auto folder = found(*folders_.tree(), id);
  if (folder.wire_name == "INBOX") {
    throw ChangeRefusedError(Reason::not_permitted, "INBOX cannot be removed");
  }
  perform(
      "remove folder " + folder.wire_name,
      [this, folder](imap::Session& session, Change& change) {
        remove_now(session, change, folder);
      },
      interrupt);
}

void FolderChanges::remove_now(imap::Session& session, Change& change, const Folder& folder) {
  const bool was_done = change.sent;
  const bool was_there = delete_empty(session, change, folder);
  if (!was_there && !was_done && folder.listed) {
    folders_.refresh();
    throw NotFoundError(fmt::format("there is no folder {} any more", folder.wire_name));
  }
  folders_.forget_empty(folder.wire_name);
  if (folder.delimiter) keep_parent(folder.wire_name, *folder.delimiter);
  edit(change, [&folder](cache::Edit& edit) -> Folders::Own {
    Folders::Own gone;
    for (const auto& [id, row] : edit.mailboxes()) {
      if (row.wire_name == folder.wire_name && edit.erase_mailbox(id)) gone.push_back(id);
    }
    return gone;
  });
  if (folder.listed) {
    try_subscribe(session, folder.wire_name, imap::Session::Subscription::remove);
  }
}

bool FolderChanges::delete_empty(imap::Session& session, Change& change, const Folder& folder) {
  const auto& name = folder.wire_name;
  const auto refuse = [&name](std::string_view what) {
    throw ChangeRefusedError(Reason::not_empty, fmt::format("there are {} in {}", what, name));
  };
  const auto has_folders = [&](const std::vector<imap::ListRow>& listed) {
    return std::ranges::any_of(listed, [&](const imap::ListRow& row) {
      return is_below(row.name, name, folder.delimiter);
    });
  };
  const auto listed = list_from(session, name);
  // Dovecot deletes a mailbox with folders below it, and keeps these.
  if (has_folders(listed)) refuse("folders");
  const auto* row = row_of(listed, name);
  if (row == nullptr) return false;
  // Servers refuse it (UW), or hang up on those who have it open.
  backing_.pool.leave({name});
  if (row->is_selectable() && session.examine(name, imap::Session::Refresh::yes).exists != 0) {
    refuse("messages");
  }
  change.sent = true;
  try {
    session.delete_mailbox(name);
  } catch (const imap::CommandError& refusal) {
    change.sent = false;
    if (has_folders(list_from(session, name))) refuse("folders");
    explain(session, refusal, name, {});
  }
  backing_.pool.leave({name});
  return true;
}

}  // namespace fs
