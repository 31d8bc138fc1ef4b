#pragma once
/// The rows of a listing that commands for some messages bring: each once, the last one counts,
/// none that was not asked for. Lives on the connection's thread as long as the commands do.

#include "imap/base/uid_set.h"
#include "imap/session/message_summary.h"
#include "imap/wire/response.h"

#include <unordered_map>
#include <utility>
#include <vector>

namespace imap {

class SummaryRows {
 public:
  /// At most `most` rows are kept; whoever sends more is hostile.
  SummaryRows(UidSet uids, std::size_t most) : uids_(std::move(uids)), most_(most) {}

  const UidSet& uids() const { return uids_; }
  /// Takes a row that has the items of a listing and is of one of the messages. False: it does not,
  /// and is left as it was. Throws ProtocolError above the limit.
  bool take(FetchRow& row);
  std::vector<MessageSummary> release() { return std::move(rows_); }

 private:
  UidSet uids_;
  std::size_t most_;
  std::vector<MessageSummary> rows_;
  std::unordered_map<Uid, std::size_t> places_;  // in rows_
};

}  // namespace imap
