#pragma once
/// Comparing what a caller has of a mailbox with what the server has, in as few round trips as the
/// server allows. Runs on the connection's thread.

#include "imap/session/session.h"

#include <functional>
#include <string>

namespace imap {

/// What the caller has.
struct KnownMailbox {
  UidValidity uid_validity;
  Uid uid_next;
  std::uint32_t exists = 0;
  bool complete = false;         // every message of that time is known
  std::function<UidSet()> uids;  // asked for only when it is needed
};

/// What has to be done to be where the server is.
struct MailboxDelta {
  SelectedMailbox state;
  bool reset = false;      // another UIDVALIDITY: nothing that was known holds
  bool unchanged = false;  // nothing to do
  UidSet vanished;         // known, and certainly gone
  UidSet missing;          // there, and not known
};

/// Opens the mailbox and compares. Silence is not deletion: `vanished` holds only what a search
/// over the whole mailbox left out while its count agreed with EXISTS.
MailboxDelta compare(Session& session, const std::string& mailbox, const KnownMailbox& known);

/// Splits UIDs into the sets of single commands, highest first. The first ones are small so that
/// the first rows come soon; none names more than `most` UIDs or makes a line longer than servers
/// take.
std::vector<UidSet> chunks_newest_first(const UidSet& uids, std::size_t first, std::size_t most);

}  // namespace imap
