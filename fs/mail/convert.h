#pragma once
/// The single place where values of the protocol become rows of the cache, and back. Pure
/// functions.

#include "cache/rows.h"
#include "cache/view.h"
#include "imap/base/uid_set.h"
#include "imap/session/session.h"
#include "imap/wire/response.h"

namespace fs {

/// Bits of `cache::MailboxRow::attributes`.
enum MailboxAttribute : std::uint32_t {
  no_select = 1,      // holds no messages: \Noselect, \NonExistent
  implicit = 2,       // was not listed itself, but something below it was
  for_drafts = 4,     // \Drafts (RFC 6154)
  for_trash = 8,      // \Trash
  no_inferiors = 16,  // \Noinferiors: no folder can be in it
};

/// A mailbox that nothing but LIST is known of.
cache::MailboxRow to_row(const imap::ListRow& listed);
/// A message as the server described it. Absent or broken items get the least harmful value: no
/// size is 0 and not exact, no date is the Date header's or 1970.
cache::MessageRow to_row(const imap::MessageSummary& summary);
/// A message that the server lists but does not describe.
cache::MessageRow undescribed_row(imap::Uid uid);

/// The lowest UID that a message can have which comes to the mailbox now, as far as is known.
imap::Uid next_uid(const cache::View& view, cache::MailboxId mailbox);

imap::UidSet to_uid_set(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& ranges);

}  // namespace fs
