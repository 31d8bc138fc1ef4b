#pragma once
/// Several questions about the messages of the open mailbox that are asked in one go, and what came
/// of them. Plain values.

#include "imap/base/uid_set.h"
#include "imap/session/message_summary.h"
#include "imap/session/updates.h"

#include <map>
#include <vector>

namespace imap {

/// An empty set asks for nothing. One that ends with kMaxUid is open: `7:*` is sent.
struct Inquiry {
  UidSet flags;        // of which messages,
  ModSeq flags_since;  // if they have changed after it; 0: in any case
  UidSet summaries;    // of which messages a row of the listing is wanted
  UidSet search;       // which of these there are

  bool empty() const { return flags.empty() && summaries.empty() && search.empty(); }
};

/// None of it names a message that was not asked for: `7:*` also yields the last message below 7
/// (RFC 9051 6.4.9).
struct Findings {
  std::map<Uid, FlagUpdate> flags;
  std::vector<MessageSummary> summaries;
  UidSet found;
};

}  // namespace imap
