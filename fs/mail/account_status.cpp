#include "fs/mail/account_status.h"

#include "fs/mail/mail_store.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace fs {
namespace {

std::int64_t unix_time(imap::Deadline::Clock::time_point moment) {
  const auto ago = imap::Deadline::Clock::now() - moment;
  return std::time(nullptr) - std::chrono::duration_cast<std::chrono::seconds>(ago).count();
}

std::string path_of(const FolderTree& tree, const Folder* folder) {
  std::string path;
  for (; folder != nullptr && folder->id != FolderTree::kRoot; folder = tree.find(folder->parent)) {
    if (!path.empty()) path.insert(0, 1, '/');
    path.insert(0, folder->name);
  }
  return path;
}

}  // namespace

AccountStatus MailStore::status() const {
  AccountStatus status;
  const auto& pool = backing_.pool;
  const auto reachable = pool.state();
  status.online = reachable.online;
  status.since = unix_time(reachable.since);
  status.reason = reachable.reason;
  const auto tree = folders_.tree();
  for (const auto& state : pool.connections()) {
    status.connections.push_back(
        {state, unix_time(state.since), path_of(*tree, tree->find_wire(state.mailbox))});
  }
  status.watches_all = pool.notifies();
  status.folders = tree->size() - 1;
  backing_.cache.read([&](const cache::View& view) {
    for (const auto& [id, row] : view.mailboxes()) {
      const auto* folder = tree->find(id);
      if (!row.listed || folder == nullptr) continue;
      status.mailboxes.push_back({path_of(*tree, folder), view.message_count(id),
                                  static_cast<imap::SyncClass>(row.sync_class), row.synced_at,
                                  pool.watched_since(row.wire_name).has_value()});
    }
  });
  std::sort(status.mailboxes.begin(), status.mailboxes.end(),
            [](const auto& one, const auto& other) { return one.folder < other.folder; });
  status.bodies = bodies_.counts();
  status.changes = {unsent(), refusals_.all()};
  status.cache = backing_.cache.statistics();
  return status;
}

}  // namespace fs
