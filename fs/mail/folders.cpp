#include "fs/mail/folders.h"

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace fs {
namespace {

/// Brings the cache's mailboxes in line with a list from the server. A mailbox keeps its id, and
/// with it its mail and its inode numbers, under its name or, where the server has OBJECTID, under
/// the name that another client gave it (RFC 8474 section 4.2).
class Merge {
 public:
  explicit Merge(cache::Edit& edit) : edit_(edit) {
    for (auto& [id, row] : edit.mailboxes()) {
      if (!row.object_id.empty()) by_object_.emplace(row.object_id, row.wire_name);
      auto name = row.wire_name;
      known_.emplace(std::move(name), std::pair{id, std::move(row)});
    }
  }

  /// Whether the name still stands for the same mailbox, as far as anybody can tell.
  bool knows(const cache::MailboxRow& found) const {
    const auto at = known_.find(found.wire_name);
    if (at == known_.end()) return false;
    const auto& old = at->second.second.object_id;
    return old.empty() || found.object_id.empty() || old == found.object_id;
  }
  void keep(const cache::MailboxRow& found) {
    auto at = knows(found) ? known_.find(found.wire_name) : renamed(found);
    if (at == known_.end()) {
      rows_.emplace_back(edit_.add_mailbox(found), found);
      return;
    }
    auto [id, row] = std::move(at->second);
    known_.erase(at);
    const auto old = row;
    row.wire_name = found.wire_name;
    row.delimiter = found.delimiter;
    row.attributes = found.attributes;
    if (!found.object_id.empty()) row.object_id = found.object_id;
    if (row != old) edit_.put_mailbox(id, row);
    rows_.emplace_back(id, std::move(row));
  }
  const FolderTree::Rows& rows() const { return rows_; }

  /// What the server does not list any more is forgotten.
  FolderTree::Rows finish() {
    for (const auto& [name, gone] : known_) edit_.erase_mailbox(gone.first);
    return std::move(rows_);
  }

 private:
  using Known = std::unordered_map<std::string, std::pair<cache::MailboxId, cache::MailboxRow>>;

  Known::iterator renamed(const cache::MailboxRow& found) {
    const auto old = by_object_.find(found.object_id);
    return old == by_object_.end() ? known_.end() : known_.find(old->second);
  }

  cache::Edit& edit_;
  Known known_;
  std::unordered_map<std::string, std::string> by_object_;  // name of what has the MAILBOXID
  FolderTree::Rows rows_;
};

/// `kept` are directories that need not be listed.
FolderTree::Rows merge(cache::Edit& edit, const std::vector<imap::ListRow>& listed,
                       const Hierarchy& hierarchy, const std::set<std::string>& kept) {
  Merge merge(edit);
  std::unordered_set<std::string> seen;
  std::unordered_map<std::string, int> ids;
  for (const auto& found : listed) {
    if (found.status) ++ids[found.status->mailbox_id];
  }
  std::vector<cache::MailboxRow> unknown;
  for (const auto& found : listed) {
    // `INBOX.` itself, where it is the prefix, is no folder.
    const bool is_prefix =
        found.name + found.delimiter.value_or('\0') == hierarchy.prefix && found.name != "INBOX";
    if (is_prefix || !seen.insert(found.name).second) continue;
    auto row = to_row(found);
    // An id that two mailboxes have is none.
    if (!row.object_id.empty() && ids[row.object_id] > 1) row.object_id.clear();
    merge.knows(row) ? merge.keep(row) : unknown.push_back(std::move(row));
  }
  // Names that are still in use have been taken out: what is left may have been renamed.
  for (const auto& row : unknown) merge.keep(row);
  const auto keep_unlisted = [&](const std::string& name) {
    cache::MailboxRow row;
    row.wire_name = name;
    row.delimiter =
        hierarchy.delimiter ? hierarchy.delimiter : merge.rows().front().second.delimiter;
    row.attributes = no_select | implicit;
    merge.keep(row);
  };
  for (const auto& name : kept) {
    if (!seen.contains(name)) keep_unlisted(name);
  }
  for (const auto& parent : missing_parents(merge.rows(), hierarchy)) keep_unlisted(parent);
  return merge.finish();
}

}  // namespace

std::shared_ptr<const FolderTree> Folders::tree() const {
  return state_.with([](const State& state) { return state.tree; });
}

std::string Folders::wire_name(cache::MailboxId mailbox) const {
  const auto known = tree();
  const auto* folder = known->find(mailbox);
  if (folder == nullptr || !folder->selectable) {
    throw StaleError(fmt::format("folder {} is gone", mailbox.value));
  }
  return folder->wire_name;
}

void Folders::refused(imap::Session& session, const std::string& wire_name) {
  refresh();
  // Dovecot 2.3 gives no code with its NO, so nothing else tells this from a mailbox that is closed
  // to us.
  const auto listed = session.list({.prefix = wire_name});
  const bool is_there = std::ranges::any_of(listed, [&wire_name](const imap::ListRow& row) {
    return row.name == wire_name && row.is_selectable();
  });
  if (!is_there) throw StaleError(fmt::format("folder {} is gone", wire_name));
}

void Folders::load(Interrupt& interrupt, std::chrono::milliseconds patience) {
  request().wait(patience, interrupt.token());
}

void Folders::freshen(Interrupt& interrupt) {
  const auto now = Clock::now();
  const auto fresh = state_.with([&](const State& state) {
    return state.loaded && now - *state.loaded < backing_.settings.folders_fresh;
  });
  if (fresh) return;
  const auto ticket = request();
  const auto since = state_.with([](const State& state) { return state.loading_since; });
  // What is known is good enough for a while; whoever comes next sees what is new.
  stale_wait_(since, [&](imap::Deadline deadline) {
    return ticket.wait_until(deadline, interrupt.token());
  });
}

imap::Ticket Folders::request() {
  bool start = false;
  const auto ticket = state_.with([&](State& state) {
    if (!state.loading || state.loading->is_done()) {
      state.loading = imap::Ticket();
      state.loading_since = Clock::now();
      start = true;
    }
    return *state.loading;
  });
  // Of many who come at once one asks, and all get its answer.
  if (start) {
    backing_.pool.run({.what = "list folders"}, [this](imap::Session& session) { list(session); })
        .on_done([ticket](const std::exception_ptr& error) { ticket.finish(error); });
  }
  return ticket;
}

bool Folders::recall() {
  std::optional<cache::AccountRow> account;
  FolderTree::Rows rows;
  backing_.cache.read([&](const cache::View& view) {
    account = view.account();
    rows = view.mailboxes();
  });
  if (!account || rows.empty()) return false;
  publish({std::move(rows), Hierarchy{account->prefix, account->delimiter}, {}});
  return true;
}

void Folders::list(imap::Session& session) {
  while (list_once(session) == Outcome::outdated) {
  }
}

Folders::Outcome Folders::list_once(imap::Session& session) {
  const auto changes = state_.with([](const State& state) { return state.changes; });
  // Where one command brings the counts, too, nobody has to ask for them.
  const auto listed =
      session.list({.status = session.capabilities().offers("LIST-STATUS"), .hierarchy = true});
  const auto personal = session.personal_namespace(listed);
  const Hierarchy hierarchy{personal.prefix, personal.delimiter};
  std::optional<Outcome> outcome;
  commit([&](cache::Edit& edit) -> std::optional<Edited> {
    outcome.reset();
    // Nothing else edits mailboxes meanwhile, so a change that begins after this is not in the
    // list.
    const auto kept = state_.with([&](State& state) -> std::optional<std::set<std::string>> {
      if (state.changing != 0) {
        state.missed = true;
        return std::nullopt;
      }
      if (state.changes != changes) {
        outcome = Outcome::outdated;
        return std::nullopt;
      }
      return state.kept;
    });
    if (!kept) return std::nullopt;
    outcome = Outcome::taken;
    auto rows = merge(edit, listed, hierarchy, *kept);
    edit.put_account({hierarchy.prefix, hierarchy.delimiter, std::time(nullptr)});
    return Edited{std::move(rows), hierarchy, {}};
  });
  if (!outcome) return Outcome::taken;  // the change that is under way sees to it
  if (*outcome == Outcome::outdated) return Outcome::outdated;
  state_.with([&listed](State& state) {
    state.loaded = Clock::now();
    for (const auto& row : listed) state.kept.erase(row.name);
  });
  on_listed_(session, listed);
  return Outcome::taken;
}

void Folders::publish(Edited edited) {
  std::shared_ptr<const FolderTree> before;
  const auto after = state_.with([&](State& state) {
    if (edited.hierarchy) state.hierarchy = *edited.hierarchy;
    state.rows = std::move(edited.rows);
    before = state.tree;
    return state.tree = std::make_shared<FolderTree>(state.rows, state.hierarchy);
  });
  changes_.folders(*before, *after, edited.own);
}

}  // namespace fs
