// Which messages there are.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

namespace imap {

UidSet Session::search_with(std::string_view options, const UidSet& within) {
  UidSet found;
  const auto most = connection_.settings().limits.uid_ranges;
  const auto collect = [&found, most](Response& response) {
    const auto* result = std::get_if<SearchResult>(&response);
    if (result == nullptr) return;
    if (found.ranges().size() + result->uids.ranges().size() > most) {
      throw ProtocolError(fmt::format("more than {} ranges of UIDs found", most));
    }
    found.add(result->uids);
  };
  const bool all = within.empty();
  for (auto left = all ? UidSet(Uid{1}, kMaxUid) : within; !left.empty();) {
    Command command("UID SEARCH");
    if (!options.empty()) command.raw(options);
    if (all && left.back() == kMaxUid) {
      command.raw("ALL");
    } else {
      command.raw("UID").uids(left);
    }
    left = left_by_limit(run(command, "UID SEARCH", collect), left);
  }
  return found;
}

UidSet Session::search_all() {
  return search_with(
      capabilities_.offers("ESEARCH") || capabilities_.has("IMAP4REV2") ? "RETURN (ALL)" : "", {});
}

UidSet Session::search_newest(std::uint32_t count) {
  // Sequence numbers ascend with UIDs (RFC 3501 2.3.1.1): the last ones are the newest.
  if (!capabilities_.has("PARTIAL")) return search_all().highest(count);
  UidSet found;
  run(Command("UID SEARCH").raw(fmt::format("RETURN (PARTIAL -1:-{}) ALL", count)), "UID SEARCH",
      [&found](Response& response) {
        if (const auto* result = std::get_if<SearchResult>(&response)) found.add(result->uids);
      });
  return found.highest(count);
}

UidSet Session::search(const UidSet& uids) {
  UidSet found;
  for (const auto& batch : uid_batches(uids, kMaxUid.value)) found.add(search_with("", batch));
  return found.intersected(uids);
}

}  // namespace imap
