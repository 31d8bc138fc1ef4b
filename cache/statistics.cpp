#include "cache/statistics.h"

#include "cache/view.h"

#include <algorithm>

namespace cache {

Statistics statistics_of(const Env& env, const Txn& txn, const Tables& tables) {
  const View view(txn, tables);
  const auto size = env.size();
  const auto bodies = txn.size_of(tables.bodies);
  Statistics statistics;
  statistics.mailboxes = txn.size_of(tables.mailboxes).entries;
  statistics.messages = view.totals().messages;
  statistics.bodies = txn.size_of(tables.body_infos).entries;
  statistics.body_bytes = view.body_bytes();
  statistics.body_pages = bodies.bytes;
  statistics.free_pages = size.free;
  statistics.row_pages = size.pages - std::min(size.pages, bodies.bytes + size.free);
  statistics.file_bytes = size.file;
  return statistics;
}

}  // namespace cache
