// Read-ahead: fetching in batches what a program that reads in order will read next.

#include "fs/mail/bodies.h"

#include <vector>

namespace fs {
namespace {

/// How many messages may lie between two reads that follow each other: some are skipped by their
/// name or size.
constexpr std::size_t kNearby = 4;
/// Octets of one batch: enough to fill a fast line, few enough that the first of it is soon there.
constexpr std::uint64_t kBatchBytes = std::uint64_t{4} << 20;
constexpr std::size_t kBatchMessages = 128;

/// Calls `visit` with the rows that follow `uid` in the direction.
void visit_beyond(const cache::View& view, cache::MailboxId mailbox, Scan::Direction direction,
                  std::uint32_t uid, const std::function<bool(const cache::MessageRow&)>& visit) {
  if (direction == Scan::Direction::up) {
    view.messages_above(mailbox, uid, visit);
  } else if (uid > 1) {
    view.messages_below(mailbox, uid, visit);
  }
}

}  // namespace

void Bodies::note_read(const MessageKey& key, bool is_cached) {
  counts_.with([is_cached](auto& counts) {
    ++counts.reads;
    if (is_cached) ++counts.from_cache;
  });
  const bool foreseen =
      scans_.with([&key](auto& scans) { return scans[key.mailbox].advance(key.uid); });
  // Of what is cached nothing has to be foreseen.
  if (!foreseen && is_cached) return;
  if (!foreseen) observe_scan(key);
  read_ahead({key.mailbox});
}

void Bodies::observe_scan(const MessageKey& key) {
  const auto last = scans_.with([&key](auto& scans) { return scans[key.mailbox].last(); });
  std::optional<Scan::Direction> next_to_last;
  if (last) {
    const auto direction = key.uid < *last ? Scan::Direction::down : Scan::Direction::up;
    std::size_t passed = 0;
    backing_.cache.read([&](const cache::View& view) {
      visit_beyond(view, {key.mailbox}, direction, *last, [&](const cache::MessageRow& row) {
        if (row.uid == key.uid) next_to_last = direction;
        return !next_to_last && ++passed < kNearby;
      });
    });
  }
  scans_.with([&](auto& scans) { scans[key.mailbox].observe(key.uid, next_to_last); });
}

void Bodies::read_ahead(cache::MailboxId mailbox) {
  const auto wish = scans_.with([&](auto& scans) { return scans[mailbox.value].wish(); });
  if (!wish) return;
  // Looked at before the cache: what is in neither is nowhere, whatever arrives in between.
  const auto arriving = fetches_.with([mailbox](const Fetches& fetches) {
    std::unordered_set<std::uint32_t> uids;
    for (const auto& [key, fetch] : fetches.running) {
      if (key.mailbox == mailbox.value) uids.insert(key.uid);
    }
    return uids;
  });
  std::vector<std::uint32_t> foreseen;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> absent;  // UID and size
  backing_.cache.read([&](const cache::View& view) {
    visit_beyond(view, mailbox, wish->direction, wish->beyond, [&](const cache::MessageRow& row) {
      foreseen.push_back(row.uid);
      const bool cached = view.body_of(row).has_value();
      // A large message is not worth holding up the small ones behind it.
      if (!cached && !arriving.contains(row.uid) && row.size <= kBatchBytes) {
        absent.emplace_back(row.uid, row.size);
      }
      return foreseen.size() < wish->count;
    });
  });
  scans_.with([&](auto& scans) { scans[mailbox.value].foresee(foreseen); });
  fetch_ahead(mailbox, absent);
}

void Bodies::fetch_ahead(cache::MailboxId mailbox,
                         const std::vector<std::pair<std::uint32_t, std::uint64_t>>& absent) {
  BodyBatch::Wanted batch;
  std::uint64_t bytes = 0;
  const auto send = [&] {
    if (!batch.empty()) start_fetch(mailbox, batch);
    batch.clear();
    bytes = 0;
  };
  for (const auto& [uid, size] : absent) {
    if (bytes + size > kBatchBytes || batch.size() == kBatchMessages) send();
    const auto fetch = fetches_.with([&, id = uid](Fetches& fetches) -> std::shared_ptr<BodyFetch> {
      auto& running = fetches.running[{mailbox.value, id}];
      if (running) return nullptr;
      running = std::make_shared<BodyFetch>();
      return running;
    });
    if (!fetch) continue;
    batch.emplace(imap::Uid{uid}, fetch);
    bytes += size;
  }
  send();
}

}  // namespace fs
