#pragma once
/// What a server has said unasked, on whatever command it came. The caller drains it; what nobody
/// takes is lost, and some servers say it only once (Fastmail: VANISHED). Plain values.

#include "imap/base/flags.h"
#include "imap/base/ids.h"
#include "imap/base/uid_set.h"
#include "imap/wire/response.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace imap {

struct FlagUpdate {
  Flags flags;
  ModSeq modseq;
};

/// News of one mailbox while it was open.
struct MailboxUpdates {
  std::string mailbox;
  UidValidity uid_validity;
  std::map<Uid, FlagUpdate> flags;
  /// Gone for certain. VANISHED (EARLIER) may name what nobody ever had (RFC 7162 3.2.10.1).
  UidSet vanished;
  /// Messages that were expunged by sequence number: how many, but not which.
  std::uint32_t expunged = 0;
  bool exists_changed = false;
  /// Flags changed of messages that the server did not name by UID, or of too many to keep.
  bool incomplete = false;

  bool empty() const {
    return flags.empty() && vanished.empty() && expunged == 0 && !exists_changed && !incomplete;
  }
};

struct Updates {
  /// Which session was told (Session::id): it alone can be asked to go on from there.
  std::uint64_t session = 0;
  std::vector<MailboxUpdates> mailboxes;      // in the order in which they were open
  std::map<std::string, StatusRow> statuses;  // of mailboxes that NOTIFY watches, by name
  /// Mailboxes that NOTIFY watches and that this session had open and has left. What happened
  /// there last may be told never (Dovecot 2.3, by experiment), so this is no news but the end of a
  /// certainty.
  std::set<std::string> left;
  bool folders_changed = false;  // made, renamed, deleted or subscribed (NOTIFY)
  bool overflow = false;         // something was left out: look at everything again

  bool empty() const {
    return mailboxes.empty() && statuses.empty() && !folders_changed && !overflow;
  }
};

}  // namespace imap
