// The flags of many messages at once.

#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <utility>

namespace imap {

std::deque<Session::Question> Session::flag_questions(const UidSet& uids, ModSeq since) {
  std::string items = "(UID FLAGS)";
  const bool changed_only = since.value != 0 && selected() && selected()->highest_modseq.value != 0;
  if (changed_only) {
    items +=
        fmt::format(" (CHANGEDSINCE {}{})", since.value, is_enabled("QRESYNC") ? " VANISHED" : "");
  }
  const auto command = [items](const UidSet& batch) {
    return Command("UID FETCH").uids(batch).raw(items);
  };
  // Without mod-sequences the answer is as long as the set; else only the
  // server knows.
  std::deque<Question> questions;
  for (auto& batch : uid_batches(uids, changed_only ? kMaxUid.value : most_uids())) {
    questions.push_back({"UID FETCH", std::move(batch), command});
  }
  return questions;
}

std::map<Uid, FlagUpdate> Session::fetch_flags(const UidSet& uids, ModSeq since) {
  Inquiry inquiry;
  inquiry.flags = uids;
  inquiry.flags_since = since;
  return inquire(inquiry).flags;
}

}  // namespace imap
