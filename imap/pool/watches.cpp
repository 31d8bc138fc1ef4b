#include "imap/pool/watches.h"

#include <algorithm>

namespace imap {
namespace {

/// A server may name as many as it likes; those beyond are not taken for watched.
constexpr std::size_t kMostMailboxes = 100'000;

}  // namespace

void Watches::listens(unsigned number, const std::string& open_mailbox, std::optional<Time> asked) {
  listeners_[number] = {true, open_mailbox, asked};
}

void Watches::is_busy(unsigned number) {
  listeners_[number] = {};
}

void Watches::ended(unsigned number) {
  is_busy(number);
  if (notifier_ && notifier_->number == number) notifier_.reset();
}

bool Watches::claim_notify(unsigned number) {
  if (notifier_) return false;
  notifier_ = Notifier{number, std::nullopt, {}};
  return true;
}

void Watches::notified(unsigned number, Time asked) {
  if (notifier_ && notifier_->number == number) notifier_->asked = asked;
}

void Watches::add_notified(unsigned number, const std::string& mailbox, Time since) {
  if (!notifier_ || notifier_->number != number) return;
  if (notifier_->mailboxes.size() < kMostMailboxes) notifier_->mailboxes.emplace(mailbox, since);
}

void Watches::left(unsigned number, const std::string& mailbox) {
  if (notifier_ && notifier_->number == number) notifier_->mailboxes.erase(mailbox);
}

void Watches::notify_ended(unsigned number) {
  if (notifier_ && notifier_->number == number) notifier_->asked.reset();
}

bool Watches::notifies() const {
  return notifier_ && notifier_->asked;
}

std::optional<Watches::Time> Watches::since(const std::string& mailbox) const {
  std::optional<Time> earliest;
  const auto consider = [&earliest](Time asked) {
    if (!earliest || asked < *earliest) earliest = asked;
  };
  for (const auto& listener : listeners_) {
    if (listener.asked && listener.mailbox == mailbox) consider(*listener.asked);
  }
  if (!notifies()) return earliest;
  const auto notified = notifier_->mailboxes.find(mailbox);
  if (notified == notifier_->mailboxes.end()) return earliest;
  // Of the mailbox that is open there it tells in IDLE only (Dovecot 2.3, by experiment).
  const auto& listener = listeners_[notifier_->number];
  if (listener.waits && listener.mailbox != mailbox) consider(notified->second);
  return earliest;
}

}  // namespace imap
