#include "fs/mail/convert.h"

#include "fs/mail/headers.h"
#include "imap/base/ascii.h"
#include "imap/base/date.h"

#include <algorithm>
#include <string>

namespace fs {
namespace {

/// The Date header is what people know a message by, but anybody can write anything there: a date
/// before 1970, or later than the arrival by more than clocks and time zones explain, is none.
std::int64_t plausible_sent(std::optional<std::int64_t> date, std::int64_t arrived) {
  constexpr std::int64_t kTwoDays = 2 * 86'400;
  return date && *date > 0 && *date <= arrived + kTwoDays ? *date : arrived;
}

/// What the message is known by wherever a copy of it lies: EMAILID (RFC 8474), or Gmail's own
/// number, which needs a mark because it is not of the same kind.
std::string object_id_of(const imap::MessageSummary& summary) {
  if (!summary.email_id.empty()) return summary.email_id;
  return summary.gmail_message ? "gm:" + std::to_string(*summary.gmail_message) : std::string{};
}

}  // namespace

cache::MailboxRow to_row(const imap::ListRow& listed) {
  cache::MailboxRow row;
  row.wire_name = listed.name;
  row.delimiter = listed.delimiter;
  const bool closed = std::ranges::any_of(listed.attributes, [](const std::string& attribute) {
    // \NonExistent implies \Noselect (RFC 9051 7.3.1).
    return imap::equal_ignoring_case(attribute, "\\Noselect") ||
           imap::equal_ignoring_case(attribute, "\\NonExistent");
  });
  if (closed) row.attributes |= no_select;
  if (listed.use == imap::SpecialUse::drafts) row.attributes |= for_drafts;
  if (listed.use == imap::SpecialUse::trash) row.attributes |= for_trash;
  const bool barren = std::ranges::any_of(listed.attributes, [](const std::string& attribute) {
    return imap::equal_ignoring_case(attribute, "\\Noinferiors");
  });
  if (barren) row.attributes |= no_inferiors;
  if (listed.status) row.object_id = listed.status->mailbox_id;
  return row;
}

cache::MessageRow to_row(const imap::MessageSummary& summary) {
  auto headers = parse_headers(summary.header);
  cache::MessageRow row;
  row.uid = summary.uid.value;
  row.flags = summary.flags.bits;
  row.keywords = summary.flags.keywords;
  row.size = summary.size.value_or(0);
  row.modseq = summary.modseq.value;
  const auto arrived =
      summary.internal_date ? imap::parse_internal_date(*summary.internal_date) : std::nullopt;
  row.internal_date = arrived ? *arrived : headers.date_time.value_or(0);
  row.sent = plausible_sent(headers.date_time, row.internal_date);
  row.subject = std::move(headers.subject);
  row.from_name = std::move(headers.from_name);
  row.from_address = std::move(headers.from_address);
  row.to = std::move(headers.to);
  row.date = std::move(headers.date);
  row.message_id = std::move(headers.message_id);
  row.list_id = std::move(headers.list_id);
  row.object_id = object_id_of(summary);
  return row;
}

cache::MessageRow undescribed_row(imap::Uid uid) {
  cache::MessageRow row;
  row.uid = uid.value;
  return row;
}

imap::Uid next_uid(const cache::View& view, cache::MailboxId mailbox) {
  imap::Uid next{1};
  view.messages_below(mailbox, 0, [&next](const cache::MessageRow& row) {
    next = imap::Uid{row.uid + 1};
    return false;
  });
  return next;
}

imap::UidSet to_uid_set(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& ranges) {
  imap::UidSet set;
  for (const auto& [first, last] : ranges) set.add(imap::Uid{first}, imap::Uid{last});
  return set;
}

}  // namespace fs
