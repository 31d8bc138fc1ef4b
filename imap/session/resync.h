#pragma once
/// Comparing what a caller has of a mailbox with what the server has, in as few round trips as the
/// server allows. Runs on the connection's thread.

#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace imap {

/// What the caller has, and up to where: what it committed after the comparison before.
struct KnownMailbox {
  UidValidity uid_validity;      // 0: nothing is known
  Uid uid_next;                  // 0: every UID has to be looked at
  Uid highest{};                 // that the caller has: may be above, where it was told of some
  ModSeq highest_modseq;         // 0: no flags are known to be those of any moment
  std::uint32_t count = 0;       // messages that the caller has: as many as `uids` yields
  bool complete = false;         // every message of that time is known
  std::function<UidSet()> uids;  // asked for only when it is needed, and once
  UidSet stale_flags;            // asked for where the mailbox keeps no mod-sequences
};

/// How the server tells what has changed: by itself (RFC 7162 QRESYNC), the flags on request
/// (CONDSTORE), or nothing.
enum class SyncClass { qresync, condstore, plain };

/// What has to be done to be where the server is. Of no message is told twice: what is in one of
/// the sets is in no other, and flags are those of messages that the caller has and keeps.
struct MailboxDelta {
  SelectedMailbox state;
  SyncClass sync_class = SyncClass::plain;
  bool reset = false;                   // another UIDVALIDITY: nothing that was known holds
  bool unchanged = false;               // nothing to do, and nothing new to commit
  UidSet vanished;                      // known, and certainly gone
  UidSet missing;                       // there, not known, and not described yet
  std::vector<MessageSummary> arrived;  // there, not known, and described already
  std::map<Uid, FlagUpdate> flags;
  /// The mailbox is an older one, from a backup: these are all flags, and right although their
  /// mod-sequences may be lower than those that are known.
  bool modseq_fell = false;
  /// Flags were changed of messages that the server did not name, and they have not been asked for:
  /// with mod-sequences the next look finds them that opens the mailbox again, else all that are
  /// known are stale.
  bool flags_untold = false;
  /// What to commit as `KnownMailbox::uid_next`, together with or after all of this; 0 where the
  /// server contradicted itself, so that the next look is at every UID again.
  Uid uid_next;
  /// Likewise as `highest_modseq`: up to where nothing has been missed. Never what was said after
  /// the mailbox was opened, because that came in no order. 0: the mailbox keeps no mod-sequences.
  ModSeq modseq;
};

/// Whether to ask what has changed, or to believe what has been told: the caller knows that this
/// session has heard all since the comparison before. Not so if the mailbox is not open, or was
/// opened after that: then it is asked all the same.
enum class Look { open_again, as_told };

/// Compares. One round trip finds that nothing has changed; a second brings flags and new messages;
/// only when the count does not agree with EXISTS then, or never can, a census of UIDs is taken.
/// `as_told` saves the first.
///
/// Silence is not deletion: `vanished` holds only what was said to be gone, and what a search over
/// the whole mailbox left out while its count agreed with EXISTS. Throws what Session throws, and
/// ProtocolError when UIDVALIDITY changes meanwhile.
MailboxDelta compare(Session& session, const std::string& mailbox, const KnownMailbox& known,
                     Look look = Look::open_again);

/// New messages, as far as their number can be told, that are described at once; of more only the
/// UIDs are found.
inline constexpr std::uint64_t kMostArrived = 500;

}  // namespace imap
