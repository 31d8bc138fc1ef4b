// Changing messages of the open mailbox: flags, expunging, copying, moving.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"
#include "imap/wire/response_codes.h"

#include <fmt/format.h>

#include <algorithm>

namespace imap {
namespace {

void add_copied(CopyResult& all, const CopyUid& some) {
  if (some.uid_validity.value != 0) all.uid_validity = some.uid_validity;
  all.source.add(some.source);
  all.target.add(some.target);
}

}  // namespace

std::uint64_t Session::most_uids() const {
  const auto limit =
      std::min(capabilities_.message_limit().value_or(kMaxUid.value), quirks_.most_uids);
  return std::max<std::uint64_t>(limit, 1);
}

UidSet Session::store(const UidSet& uids, FlagChange change, const Flags& flags,
                      std::optional<ModSeq> unchanged_since) {
  // A mailbox without mod-sequences cannot compare (RFC 7162 3.1.2.2).
  const bool conditional = unchanged_since && selected() && selected()->highest_modseq.value != 0;
  UidSet modified;
  for (auto batch : uid_batches(uids, most_uids())) {
    while (!batch.empty()) {
      Command command("UID STORE");
      command.uids(batch);
      if (conditional) command.raw(fmt::format("(UNCHANGEDSINCE {})", unchanged_since->value));
      command.raw(change == FlagChange::add ? "+FLAGS.SILENT" : "-FLAGS.SILENT").flags(flags);
      const auto answer = outcome(send(command));
      auto left = modified_in(answer, connection_.settings().limits).intersected(batch);
      // Which ones cannot be read: rather none was changed than one too many.
      if (left.empty() && conditional && answer.code == "MODIFIED") left = batch;
      modified.add(left);
      if (left.empty() || !conditional) check(answer, "UID STORE");
      batch = left_by_limit(answer, batch);
    }
  }
  return modified;
}

void Session::store_aloud(const UidSet& uids, FlagChange change, const Flags& flags,
                          std::map<Uid, FlagUpdate>& told) {
  const auto collect = [&](Response& response) {
    const auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr || !row->uid || !row->flags || !uids.contains(*row->uid)) return;
    told.insert_or_assign(*row->uid, FlagUpdate{*row->flags, row->modseq.value_or(ModSeq{})});
  };
  for (auto batch : uid_batches(uids, most_uids())) {
    while (!batch.empty()) {
      Command command("UID STORE");
      command.uids(batch).raw(change == FlagChange::add ? "+FLAGS" : "-FLAGS").flags(flags);
      batch = left_by_limit(run(command, "UID STORE", collect), batch);
    }
  }
}

bool Session::can_expunge_by_uid() const {
  return capabilities_.offers("UIDPLUS");
}

void Session::expunge(const UidSet& uids) {
  // A plain EXPUNGE takes what others have marked, too: it is never the fallback.
  if (!can_expunge_by_uid()) throw UnsupportedError("the server cannot expunge by UID");
  for (auto batch : uid_batches(uids, most_uids())) {
    while (!batch.empty()) {
      const auto answer = run(Command("UID EXPUNGE").uids(batch), "UID EXPUNGE");
      batch = left_by_limit(answer, batch);
    }
  }
}

void Session::expunge_all_deleted() {
  run(Command("EXPUNGE"), "EXPUNGE");
}

bool Session::can_move() const {
  return capabilities_.offers("MOVE");
}

CopyResult Session::copy(const UidSet& uids, const std::string& mailbox) {
  return transfer("UID COPY", uids, mailbox);
}

CopyResult Session::move(const UidSet& uids, const std::string& mailbox) {
  if (!can_move()) throw UnsupportedError("the server has no MOVE");
  return transfer("UID MOVE", uids, mailbox);
}

CopyResult Session::transfer(std::string_view verb, const UidSet& uids,
                             const std::string& mailbox) {
  CopyResult all;
  const auto& limits = connection_.settings().limits;
  for (auto batch : uid_batches(uids, most_uids())) {
    while (!batch.empty()) {
      Command command(verb);
      command.uids(batch);
      names_.add_to(command, mailbox);
      // Gmail says it in the tagged answer, most in an untagged OK before the EXPUNGEs, Exchange in
      // a line without OK. The tagged answer passes through here, too.
      const auto answer = run(command, verb, [&](Response& response) {
        const auto* status = std::get_if<Status>(&response);
        if (status == nullptr) return;
        const auto copied = copy_uid_in(*status, limits);
        if (copied && copied->source.without(batch).empty()) add_copied(all, *copied);
      });
      batch = left_by_limit(answer, batch);
    }
  }
  return all;
}

}  // namespace imap
