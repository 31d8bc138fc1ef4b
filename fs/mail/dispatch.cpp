#include "fs/mail/dispatch.h"

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fs {
namespace {

using Kind = cache::ChangeRow::Kind;

const imap::Flags kDeleted{imap::Flags::deleted, {}};

/// The server may do it a little later (RFC 5530).
bool is_passing(const imap::CommandError& error) {
  static constexpr std::array<std::string_view, 3> kCodes{"INUSE", "UNAVAILABLE", "SERVERBUG"};
  return std::ranges::find(kCodes, error.code()) != kCodes.end();
}

Dispatch::Batch of_kind(const Dispatch::Batch& batch, Kind kind) {
  Dispatch::Batch some;
  std::ranges::copy_if(batch, std::back_inserter(some),
                       [kind](const PendingChange& change) { return change.row.kind == kind; });
  return some;
}

}  // namespace

imap::UidSet uids_of(const std::vector<PendingChange>& changes) {
  std::vector<std::uint32_t> all;
  all.reserve(changes.size());
  for (const auto& change : changes) all.push_back(change.row.message.uid);
  std::ranges::sort(all);
  imap::UidSet uids;
  for (const auto uid : all) uids.add(imap::Uid{uid});
  return uids;
}

std::vector<cache::RecordId> ids_of(const std::vector<PendingChange>& changes) {
  std::vector<cache::RecordId> ids;
  ids.reserve(changes.size());
  for (const auto& change : changes) ids.push_back(change.id);
  return ids;
}

void tell_of_names(Changes& told, const std::vector<PendingChange>& changes) {
  for (const auto& change : changes) {
    if (change.target.value != 0) told.name_changed(change.target, change.row.name);
  }
}

void Dispatch::run(const Batch& batch) {
  auto left = batch;
  if (!open(left)) return;
  change_flags(of_kind(left, Kind::flags));
  remove(of_kind(left, Kind::remove));
  const auto moves = of_kind(left, Kind::move);
  std::vector<cache::MailboxId> targets;
  for (const auto& change : moves) {
    if (std::ranges::find(targets, change.target) == targets.end()) {
      targets.push_back(change.target);
    }
  }
  for (const auto target : targets) {
    Batch some;
    std::ranges::copy_if(moves, std::back_inserter(some),
                         [target](const PendingChange& change) { return change.target == target; });
    const auto tree = context_.folders.tree();
    const auto* folder = tree->find(target);
    // Deleted and made anew by somebody else it is still the folder of that name.
    if (folder == nullptr) folder = tree->find_wire(some.front().row.target);
    if (folder == nullptr || !folder->selectable) {
      refuse(some, std::make_exception_ptr(NotFoundError("the folder to move to is gone")));
      continue;
    }
    // The one before may have opened another mailbox.
    session_.select(name_, imap::Session::Refresh::no);
    move(std::move(some), *folder);
  }
}

/// Opens the mailbox for writing and takes those changes out of the batch that are not about what
/// it is now. False when nothing is left to do.
bool Dispatch::open(Batch& batch) {
  try {
    name_ = context_.folders.wire_name(mailbox_);
  } catch (const StaleError&) {
    refuse(batch, std::current_exception());
    return false;
  }
  const bool opened = try_for(batch, [this] {
    try {
      const auto& before = session_.selected();
      const bool was_open = before && before->name == name_ && !before->read_only;
      session_.select(name_, imap::Session::Refresh::no);
      // Of a message that another session has listed this one may not have heard yet, and then a
      // STORE does nothing and says OK (Dovecot).
      if (was_open) session_.noop();
    } catch (const imap::CommandError&) {
      context_.folders.refused(session_, name_);
      throw;
    }
  });
  if (!opened) return false;
  const auto& state = *session_.selected();
  if (state.read_only) {
    refuse(batch, "READ-ONLY", fmt::format("{} can only be read", name_));
    return false;
  }
  const auto others =
      std::partition(batch.begin(), batch.end(), [&state](const PendingChange& change) {
        return change.row.message.uid_validity == state.uid_validity.value;
      });
  if (others != batch.end()) {
    refuse({others, batch.end()}, std::make_exception_ptr(StaleError(fmt::format(
                                      "{} has another UIDVALIDITY now: its messages cannot be told "
                                      "from those that were changed",
                                      name_))));
    batch.erase(others, batch.end());
  }
  return !batch.empty();
}

void Dispatch::refuse(const Batch& some, const std::exception_ptr& error) {
  if (!some.empty()) context_.refused(some, error);
}

void Dispatch::refuse(const Batch& some, const std::string& code, const std::string& why) {
  refuse(some,
         std::make_exception_ptr(imap::CommandError(imap::CommandError::Status::no, code, why)));
}

void Dispatch::end(const Batch& some) {
  if (some.empty()) return;
  // What took the place of these changes has to be in the cache before they leave.
  context_.backing.cache.run([](cache::Edit&) {});
  context_.pending.ended(ids_of(some));
  tell_of_names(context_.changes, some);
}

bool Dispatch::try_for(const Batch& some, const std::function<void()>& command) {
  try {
    command();
    return true;
  } catch (const imap::CommandError& error) {
    if (is_passing(error)) throw;
    refuse(some, std::current_exception());
  } catch (const MailError&) {
    refuse(some, std::current_exception());
  }
  return false;
}

// Removing

void Dispatch::remove(const Batch& batch) {
  if (batch.empty()) return;
  auto policy = context_.backing.settings.delete_policy;
  if (policy == DeletePolicy::automatic) {
    policy = session_.quirks().mailboxes_are_labels ? DeletePolicy::trash : DeletePolicy::expunge;
  }
  if (policy == DeletePolicy::trash) {
    const auto tree = context_.folders.tree();
    const auto* trash = tree->find_trash();
    if (trash == nullptr) {
      refuse(batch, "CANNOT", "there is no folder for deleted messages on this server");
      return;
    }
    if (trash->id != mailbox_) return move(batch, *trash);
    // What was on its way out of there when it was removed was not removed from there: it stays.
    Batch leaving;
    Batch left;
    for (const auto& change : batch) (change.row.target.empty() ? left : leaving).push_back(change);
    end(leaving);
    if (!leaving.empty()) context_.changes.arrived(mailbox_);
    return expunge_or_mark(left, DeletePolicy::expunge);
  }
  expunge_or_mark(batch, policy);
}

void Dispatch::expunge_or_mark(const Batch& batch, DeletePolicy policy) {
  if (batch.empty() || !can_delete(batch)) return;
  end(policy == DeletePolicy::mark ? mark(batch) : expunge(batch));
}

bool Dispatch::can_delete(const Batch& some) {
  if (session_.selected()->keeps(imap::Flags::deleted)) return true;
  refuse(some, "NOPERM", fmt::format("messages of {} cannot be deleted", name_));
  return false;
}

Dispatch::Batch Dispatch::mark(const Batch& some) {
  if (!store(some, {kDeleted, {}})) return {};
  for (const auto& change : some) context_.pending.mark(change.key(), change.row.message);
  return some;
}

Dispatch::Batch Dispatch::expunge(const Batch& some) {
  if (!session_.can_expunge_by_uid()) return mark(some);
  const auto uids = uids_of(some);
  if (!try_for(some, [&] { session_.store(uids, imap::FlagChange::add, kDeleted); })) return {};
  bool refused = false;
  try {
    session_.expunge(uids);
  } catch (const imap::CommandError&) {
    // Some offer it and refuse it (proton-bridge#123). EXPUNGE takes what others have marked, too:
    // it is no way out.
    refused = true;
  }
  // Silence is no proof either way: what is still there is asked for.
  const auto left = session_.search(uids);
  forget(uids.without(left));
  auto done = some;
  const auto first_kept =
      std::stable_partition(done.begin(), done.end(), [&left](const PendingChange& change) {
        return !left.contains(imap::Uid{change.row.message.uid});
      });
  const Batch kept(first_kept, done.end());
  done.erase(first_kept, done.end());
  if (kept.empty()) return done;
  if (!refused) {
    unmark(kept);
    refuse(kept, "CANNOT", fmt::format("{} did not expunge the message", name_));
    return done;
  }
  const auto marked = mark(kept);
  done.insert(done.end(), marked.begin(), marked.end());
  return done;
}

/// Whoever expunges next would take what was given back to the user.
void Dispatch::unmark(const Batch& some) {
  imap::UidSet marked_here;
  context_.backing.cache.read([&](const cache::View& view) {
    for (const auto& change : some) {
      const auto row = view.message(mailbox_, change.row.message.uid);
      if (row && (row->flags & imap::Flags::deleted) == 0) marked_here.add(imap::Uid{row->uid});
    }
  });
  if (marked_here.empty()) return;
  try {
    session_.store(marked_here, imap::FlagChange::remove, kDeleted);
  } catch (const imap::CommandError&) {
    // It is refused all the same, and its flags say what it is.
  }
}

void Dispatch::forget(const imap::UidSet& gone) {
  context_.changes.erase(mailbox_, gone);
  context_.backing.cache.submit(
      [mailbox = mailbox_](cache::Edit& edit) { Changes::put_ahead(edit, mailbox); });
}

}  // namespace fs
