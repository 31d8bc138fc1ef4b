#pragma once
/// What the server said of a mailbox when it was opened, and since. Plain values.

#include "imap/base/deadline.h"
#include "imap/base/flags.h"
#include "imap/base/ids.h"
#include "imap/base/uid_set.h"

#include <cstdint>
#include <optional>
#include <string>

namespace imap {

struct SelectedMailbox {
  std::string name;  // the server's octets
  /// When it was asked for: what the session has said since, with its updates, is all that is known
  /// to have happened.
  Deadline::Clock::time_point asked{};
  bool read_only = true;
  bool said_read_only = false;  // by the server: nothing that is sent can change the mailbox
  std::uint32_t exists = 0;
  UidValidity uid_validity;  // 0: the server gave none, UIDs mean nothing later
  Uid uid_next;              // 0: not said
  /// Up to where changes have been reported; moves with every tagged answer (RFC 7162 section 6).
  /// 0: the mailbox keeps no mod-sequences.
  ModSeq highest_modseq;
  ModSeq modseq_when_opened;  // what is older was not told while it was open
  std::string mailbox_id;     // OBJECTID; or empty
  bool sticky_uids = true;    // not so: UIDs mean nothing later (UIDNOTSTICKY, RFC 4315)
  bool any_keyword = false;   // new keywords can be made
  Flags flags;
  std::optional<Flags> permanent_flags;

  /// Whether a change of the flag will last. An empty PERMANENTFLAGS in a mailbox that is open for
  /// writing is a bug that is met in the wild; FLAGS counts then, as with Thunderbird.
  bool keeps(Flags::Bit flag) const {
    if (read_only) return false;
    if (!permanent_flags) return true;
    const bool said = *permanent_flags != Flags{} || any_keyword;
    return said ? permanent_flags->has(flag) : flags.has(flag);
  }
};

/// Up to where the caller knows a mailbox, for QRESYNC.
struct ResyncPoint {
  UidValidity uid_validity;
  ModSeq modseq;
  UidSet known;  // may be empty: all up to the newest of that time
};

}  // namespace imap
