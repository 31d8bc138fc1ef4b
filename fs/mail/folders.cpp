#include "fs/mail/folders.h"

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace fs {

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

void Folders::load(Interrupt& interrupt) {
  request().wait(backing_.settings.timeout, interrupt.token());
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
  ticket.wait_until(imap::Deadline(since + backing_.settings.stale_wait), interrupt.token());
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
    backing_.pool.run({}, [this](imap::Session& session) { list(session); })
        .on_done([ticket](const std::exception_ptr& error) { ticket.finish(error); });
  }
  return ticket;
}

void Folders::list(imap::Session& session) {
  Hierarchy hierarchy;
  const auto listed = session.list();
  const auto personal = session.personal_namespace(listed);
  hierarchy.prefix = personal.prefix;
  hierarchy.delimiter = personal.delimiter;

  FolderTree::Rows rows;
  backing_.cache.run([&](cache::Edit& edit) {
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
  publish(std::move(rows), hierarchy);
  state_.with([](State& state) { state.loaded = Clock::now(); });
}

void Folders::publish(FolderTree::Rows rows, const std::optional<Hierarchy>& hierarchy) {
  state_.with([&](State& state) {
    if (hierarchy) state.hierarchy = *hierarchy;
    state.rows = std::move(rows);
    state.tree = std::make_shared<FolderTree>(state.rows, state.hierarchy);
  });
}

void Folders::replace(cache::MailboxId old, cache::MailboxId fresh) {
  auto rows = state_.with([](const State& state) { return state.rows; });
  for (auto& [id, row] : rows) {
    if (id == old) id = fresh;
  }
  publish(std::move(rows), std::nullopt);
}

}  // namespace fs
