#include "imap/session/uid_batches.h"

#include "imap/wire/response_codes.h"

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

UidSet left_by_limit(const Status& answer, const UidSet& asked) {
  const auto limit = message_limit_in(answer);
  if (!limit || limit->lowest.value == 0) return {};
  auto left = asked.below(limit->lowest);
  // A server that makes no progress would be asked for ever.
  return left.size() < asked.size() ? left : UidSet{};
}

}  // namespace imap
