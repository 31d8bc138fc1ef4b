// Read-ahead: fetching in batches what a program that reads in order will read next.

#include "fs/mail/bodies.h"

#include <algorithm>
#include <vector>

namespace fs {
namespace {

/// How many messages may lie between two reads that follow each other: some are skipped by their
/// name or size.
constexpr std::size_t kNearby = 4;
/// Octets of one batch: enough to fill a fast line, few enough that the first of it is soon there.
constexpr std::uint64_t kBatchBytes = std::uint64_t{8} << 20;
constexpr std::size_t kBatchMessages = 512;
/// Octets that are foreseen at a time.
constexpr std::uint64_t kMostUnwritten = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostAhead = std::uint64_t{32} << 20;

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
  if (!foreseen) observe_scan(key);
  read_ahead({key.mailbox});
}

void Bodies::observe_scan(const MessageKey& key) {
  const auto [last, beyond] = scans_.with([&key](auto& scans) {
    const auto& scan = scans[key.mailbox];
    return std::pair(scan.last(), scan.beyond());
  });
  auto next_to_last = direction_to(key, last);
  // Of those that were foreseen none may have been heard of.
  if (!next_to_last) next_to_last = direction_to(key, beyond);
  scans_.with([&, direction = next_to_last](auto& scans) {
    scans[key.mailbox].observe(key.uid, direction);
  });
}

std::optional<Scan::Direction> Bodies::direction_to(const MessageKey& key,
                                                    std::optional<std::uint32_t> before) const {
  if (!before) return std::nullopt;
  const auto direction = key.uid < *before ? Scan::Direction::down : Scan::Direction::up;
  bool found = false;
  std::size_t passed = 0;
  backing_.cache.read([&](const cache::View& view) {
    visit_beyond(view, {key.mailbox}, direction, *before, [&](const cache::MessageRow& row) {
      found = row.uid == key.uid;
      return !found && ++passed < kNearby;
    });
  });
  return found ? std::optional(direction) : std::nullopt;
}

void Bodies::read_ahead(cache::MailboxId mailbox) {
  const auto wish = scans_.with([&](auto& scans) { return scans[mailbox.value].wish(); });
  if (!wish) return;
  // Looked at before the cache: what is in neither is nowhere, whatever arrives in between.
  std::uint64_t unwritten = 0;
  const auto arriving = fetches_.with([&](const Fetches& fetches) {
    std::unordered_set<std::uint32_t> uids;
    for (const auto& [key, fetch] : fetches.running) {
      if (key.mailbox == mailbox.value) uids.insert(key.uid);
      if (fetch->is_finished()) unwritten += fetch->size().value_or(0);
    }
    unwritten -= std::min(unwritten, fetches.kept_bytes);  // those are to stay
    return uids;
  });
  // Where the disk is slower than the network, the reader waits for the disk, too: else all that it
  // was ahead would be in memory.
  if (unwritten > kMostUnwritten) {
    return scans_.with([&](auto& scans) { scans[mailbox.value].postpone(); });
  }
  std::vector<std::uint32_t> foreseen;
  std::vector<std::uint32_t> cached;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> absent;  // UID and size
  std::uint64_t bytes = 0;
  bool at_end = true;
  backing_.cache.read([&](const cache::View& view) {
    visit_beyond(view, mailbox, wish->direction, wish->beyond, [&](const cache::MessageRow& row) {
      foreseen.push_back(row.uid);
      bytes += row.size;
      if (view.body_of(row)) {
        cached.push_back(row.uid);
      } else if (!arriving.contains(row.uid) && row.size <= kBatchBytes) {
        // A large message is not worth holding up the small ones behind it.
        absent.emplace_back(row.uid, row.size);
      }
      at_end = foreseen.size() < wish->count && bytes < kMostAhead;
      return at_end;
    });
  });
  scans_.with([&](auto& scans) {
    auto& scan = scans[mailbox.value];
    scan.foresee(foreseen, at_end);
    std::erase_if(cached, [&scan](std::uint32_t uid) { return !scan.may_go_ahead(uid); });
  });
  changes_.will_be_read(mailbox, cached);
  fetch_ahead(mailbox, absent);
}

/// Of one that has just arrived in the cache.
void Bodies::hand_ahead(cache::MailboxId mailbox, imap::Uid uid) {
  const bool is_foreseen =
      scans_.with([&](auto& scans) { return scans[mailbox.value].may_go_ahead(uid.value); });
  if (is_foreseen) changes_.will_be_read(mailbox, {uid.value});
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
