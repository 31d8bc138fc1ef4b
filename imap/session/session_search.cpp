// Which messages there are.

#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <utility>

namespace imap {

std::deque<Session::Question> Session::search_questions(const UidSet& uids) {
  if (uids.empty()) return {};
  std::deque<Question> questions;
  if (uids.back() != kMaxUid) {
    const auto command = [](const UidSet& batch) {
      return Command("UID SEARCH").raw("UID").uids(batch);
    };
    for (auto& batch : uid_batches(uids, kMaxUid.value)) {
      questions.push_back({"UID SEARCH", std::move(batch), command});
    }
    return questions;
  }
  // Of many messages the answer is much shorter in ranges.
  const bool ranges = capabilities_.offers("ESEARCH") || capabilities_.has("IMAP4REV2");
  const auto command = [ranges](const UidSet& within) {
    Command search("UID SEARCH");
    if (ranges) search.raw("RETURN (ALL)");
    if (within == kAllUids) return search.raw("ALL");
    return search.raw("UID").raw(open_ended(within));
  };
  questions.push_back({"UID SEARCH", uids, command});
  return questions;
}

UidSet Session::search_all() {
  return search(kAllUids);
}

UidSet Session::search_newest(std::uint32_t count) {
  // Sequence numbers ascend with UIDs (RFC 3501 2.3.1.1): the last ones are the
  // newest.
  if (!capabilities_.has("PARTIAL")) return search_all().highest(count);
  UidSet found;
  run(Command("UID SEARCH").raw(fmt::format("RETURN (PARTIAL -1:-{}) ALL", count)), "UID SEARCH",
      [&found](Response& response) {
        if (const auto* result = std::get_if<SearchResult>(&response)) found.add(result->uids);
      });
  return found.highest(count);
}

UidSet Session::search(const UidSet& uids) {
  Inquiry inquiry;
  inquiry.search = uids;
  return inquire(inquiry).found;
}

}  // namespace imap
