#pragma once
/// What names a folder and a message within the mount: the cache's id of the mailbox, which changes
/// with its UIDVALIDITY, and the server's UID. So that the layers above need neither the cache nor
/// the protocol to speak of mail.

#include "cache/rows.h"
#include "imap/base/ids.h"

namespace fs {

using cache::MailboxId;
using imap::Uid;

}  // namespace fs
