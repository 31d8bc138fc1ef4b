#include "imap/session/resync.h"

#include "imap/session/uid_batches.h"

#include <algorithm>

namespace imap {

MailboxDelta compare(Session& session, const std::string& mailbox, const KnownMailbox& known) {
  MailboxDelta delta;
  delta.state = session.examine(mailbox, Session::Refresh::yes);
  // Without UIDVALIDITY the same UID may be another message the next time.
  delta.reset = known.uid_validity != delta.state.uid_validity || known.uid_validity.value == 0;
  if (!delta.reset && delta.state.uid_next.value != 0 && delta.state.uid_next < known.uid_next) {
    delta.reset = true;  // a restored backup: UIDs will be given out a second time
  }
  if (!delta.reset && known.complete && delta.state.uid_next.value != 0 &&
      known.uid_next == delta.state.uid_next && known.exists == delta.state.exists) {
    delta.unchanged = true;
    return delta;
  }
  const auto have = delta.reset || !known.uids ? UidSet{} : known.uids();
  UidSet census;
  // A server that says nothing of EXISTS has not said that everything is gone.
  if (delta.state.exists > 0 || !have.empty()) {
    census = session.search_all();
    if (census.size() != session.selected()->exists) {
      auto second = session.search_all();
      // One that agrees is better than both: the first may hold what was expunged meanwhile.
      if (second.size() != session.selected()->exists) second.add(census);
      census = std::move(second);
    }
  }
  delta.state.exists = session.selected()->exists;
  delta.missing = census.without(have);
  if (census.size() == delta.state.exists) delta.vanished = have.without(census);
  return delta;
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

}  // namespace imap
