// The flags of many messages at once.

#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

namespace imap {

std::map<Uid, FlagUpdate> Session::fetch_flags(const UidSet& uids, ModSeq since) {
  std::map<Uid, FlagUpdate> found;
  const bool changed_only = since.value != 0 && selected() && selected()->highest_modseq.value != 0;
  const auto collect = [&](Response& response) {
    auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr || !row->uid || !row->flags || !uids.contains(*row->uid)) return;
    found.insert_or_assign(*row->uid,
                           FlagUpdate{std::move(*row->flags), row->modseq.value_or(ModSeq{})});
  };
  // Without mod-sequences the answer is as long as the set; else only the server knows.
  const auto most = changed_only ? kMaxUid.value : most_uids();
  for (auto batch : uid_batches(uids, most)) {
    while (!batch.empty()) {
      Command command("UID FETCH");
      command.uids(batch).raw("(UID FLAGS)");
      if (changed_only) {
        command.raw(fmt::format("(CHANGEDSINCE {}{})", since.value,
                                is_enabled("QRESYNC") ? " VANISHED" : ""));
      }
      open_.expect_flags(&uids);
      const auto tag = send(command);
      const auto answer = outcome(tag, collect);
      open_.expect_flags(nullptr);
      check(answer, "UID FETCH");
      batch = left_by_limit(answer, batch);
    }
  }
  return found;
}

}  // namespace imap
