#pragma once
/// The arguments of response codes that carry more than a number. Nothing for what makes no sense:
/// a code is a hint, and the answer that it stands in counts without it. Pure functions, any
/// thread.

#include "imap/base/ids.h"
#include "imap/base/uid_set.h"
#include "imap/wire/limits.h"
#include "imap/wire/response.h"

#include <cstdint>
#include <optional>
#include <string>

namespace imap {

/// `COPYUID 38505 304,319:320 3956:3958` (RFC 4315 section 3): which UIDs became which. The sets
/// say nothing of the order: Gmail and Yahoo sort them (MailKit#1405). Absent or 0 where the server
/// left it out: `[COPYUID 14  ]` of Outlook.com (MailKit#555), two fields of Cyrus (#6373).
struct CopyUid {
  UidValidity uid_validity;
  UidSet source;
  UidSet target;
};
std::optional<CopyUid> copy_uid_in(const Status& status, const Limits& limits);

/// `APPENDUID 38505 3955`: where the message went. A set of several UIDs is none: one message was
/// appended.
struct AppendUid {
  UidValidity uid_validity;
  Uid uid;
};
std::optional<AppendUid> append_uid_in(const Status& status);

/// `MODIFIED 7,9` (RFC 7162 3.1.3): what a conditional STORE left as it was.
UidSet modified_in(const Status& status, const Limits& limits);

/// `MAILBOXID (F2212ea87)` (RFC 8474 section 4.1); empty without.
std::string mailbox_id_in(const Status& status);

/// `MESSAGELIMIT 1000 23221` (RFC 9738): the server has looked at no more messages than that, and
/// at none with a lower UID.
struct MessageLimit {
  std::uint64_t most = 0;
  Uid lowest;  // 0: not said
};
std::optional<MessageLimit> message_limit_in(const Status& status);

}  // namespace imap
