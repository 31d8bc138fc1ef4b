#include "fs/mail/append_trust.h"

#include "imap/base/errors.h"

#include <algorithm>
#include <limits>
#include <string>

namespace fs {
namespace {

/// What has to be left of a quota: others store messages, too, and servers count in their own ways.
constexpr std::uint64_t kReserve = std::uint64_t{1} << 20U;
constexpr std::uint64_t kReservedMessages = 100;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::uint64_t left_of(const imap::QuotaRow::Use& use, std::uint64_t reserve) {
  const auto taken = use.used + reserve;
  return use.limit > taken ? use.limit - taken : 0;
}

}  // namespace

void AppendTrust::taken(MailboxId mailbox, imap::Session& session) {
  const bool ask = mailboxes_.with([&](auto& mailboxes) {
    auto& trust = mailboxes[mailbox.value];
    if (!trust.lasts()) trust = {};
    const bool is_second = trust.most != 0 && !trust.is_room_known;
    trust.since = imap::Deadline::Clock::now();
    trust.most = session.most_unasked();
    return is_second;
  });
  if (!ask) return;
  auto octets = kNoLimit;
  auto messages = kNoLimit;
  try {
    for (const auto& quota : session.quotas(session.selected()->name)) {
      if (quota.storage) octets = std::min(octets, left_of(*quota.storage, kReserve));
      if (quota.messages)
        messages = std::min(messages, left_of(*quota.messages, kReservedMessages));
    }
  } catch (const imap::CommandError&) {
    return;
  }
  mailboxes_.with([&](auto& mailboxes) {
    const auto found = mailboxes.find(mailbox.value);
    if (found == mailboxes.end()) return;
    found->second.is_room_known = true;
    found->second.octets_left = octets;
    found->second.messages_left = messages;
  });
}

void AppendTrust::refused(MailboxId mailbox) {
  mailboxes_.with([mailbox](auto& mailboxes) { mailboxes.erase(mailbox.value); });
}

bool AppendTrust::spend(MailboxId mailbox, std::uint64_t octets) {
  return mailboxes_.with([&](auto& mailboxes) {
    const auto found = mailboxes.find(mailbox.value);
    if (found == mailboxes.end()) return false;
    auto& trust = found->second;
    if (!trust.lasts() || !trust.is_room_known || octets > trust.most) return false;
    if (octets > trust.octets_left || trust.messages_left == 0) return false;
    if (trust.octets_left != kNoLimit) trust.octets_left -= octets;
    if (trust.messages_left != kNoLimit) --trust.messages_left;
    return true;
  });
}

}  // namespace fs
