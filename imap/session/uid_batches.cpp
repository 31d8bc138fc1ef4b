#include "imap/session/uid_batches.h"

#include "imap/wire/response_codes.h"

#include <fmt/format.h>

#include <algorithm>

namespace imap {

std::vector<UidSet> uid_batches(const UidSet& uids, std::uint64_t most) {
  std::vector<UidSet> batches;
  UidSet batch;
  std::uint64_t room = most;
  const auto finish = [&] {
    batches.push_back(std::move(batch));
    batch = {};
    room = most;
  };
  for (const auto& range : uids.ranges()) {
    auto first = std::uint64_t{range.first.value};
    while (first <= range.last.value) {
      const auto taken = std::min<std::uint64_t>(room, range.last.value - first + 1);
      batch.add(Uid{static_cast<std::uint32_t>(first)},
                Uid{static_cast<std::uint32_t>(first + taken - 1)});
      first += taken;
      room -= taken;
      if (room == 0 || batch.ranges().size() == kMostRanges) finish();
    }
  }
  if (!batch.empty()) finish();
  return batches;
}

std::vector<UidSet> chunks_newest_first(const UidSet& uids, std::size_t first, std::size_t most) {
  std::vector<UidSet> chunks;
  std::uint64_t size = std::clamp<std::uint64_t>(first, 1, std::max<std::size_t>(most, 1));
  std::vector<UidRange> picked;  // of the chunk at work, highest first
  std::uint64_t room = size;
  const auto finish = [&] {
    UidSet chunk;
    for (auto range = picked.rbegin(); range != picked.rend(); ++range) {
      chunk.add(range->first, range->last);
    }
    chunks.push_back(std::move(chunk));
    picked.clear();
    size = std::min<std::uint64_t>(size * 2, std::max<std::size_t>(most, 1));
    room = size;
  };
  for (auto range = uids.ranges().rbegin(); range != uids.ranges().rend(); ++range) {
    auto last = std::uint64_t{range->last.value};
    while (last >= range->first.value) {
      const auto taken = std::min<std::uint64_t>(room, last - range->first.value + 1);
      const auto begin = last - taken + 1;
      picked.push_back(
          {Uid{static_cast<std::uint32_t>(begin)}, Uid{static_cast<std::uint32_t>(last)}});
      last = begin - 1;
      room -= taken;
      if (room == 0 || picked.size() == kMostRanges) finish();
    }
  }
  if (!picked.empty()) finish();
  return chunks;
}

std::string open_ended(const UidSet& uids) {
  if (uids.empty() || uids.back() != kMaxUid) return uids.to_string();
  auto last = uids.ranges().back().first;
  const auto below = uids.below(last);
  return fmt::format("{}{}{}:*", below.to_string(), below.empty() ? "" : ",", last.value);
}

UidSet left_by_limit(const Status& answer, const UidSet& asked) {
  const auto limit = message_limit_in(answer);
  if (!limit || limit->lowest.value == 0) return {};
  auto left = asked.below(limit->lowest);
  // A server that makes no progress would be asked for ever.
  return left.size() < asked.size() ? left : UidSet{};
}

}  // namespace imap
