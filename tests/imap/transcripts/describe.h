#pragma once
/// What a session delivers, as lines of text: what is absent is left out. Pure functions.

#include "imap/session/resync.h"
#include "imap/session/session.h"

#include <exception>
#include <string>
#include <vector>

namespace tests {

using Lines = std::vector<std::string>;

std::string describe(const imap::Flags& flags);
std::string describe(const imap::SelectedMailbox& mailbox);
std::string describe(const imap::StatusRow& row);
std::string describe(const imap::ListRow& row);
std::string describe(const imap::MessageSummary& summary);
std::string describe(const imap::FlagUpdate& update);
std::string describe(const imap::CopyResult& result);
std::string describe(const std::optional<imap::AppendUid>& appended);
std::string describe(const imap::QuotaRow& row);
std::string describe(const imap::Quirks& quirks);
Lines describe(const imap::Updates& updates);
Lines describe(const imap::MailboxDelta& delta);
/// `CommandError: ...`: the kind of the error and its text. Rethrows what is no error of imap/.
std::string describe(std::exception_ptr error);

}  // namespace tests
