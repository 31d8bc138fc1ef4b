// Being told: IDLE (RFC 2177) and NOTIFY (RFC 5465).

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <utility>

namespace imap {

bool Session::can_idle() const {
  return idle_works_ && capabilities_.offers("IDLE");
}

void Session::idle() {
  if (!can_idle()) throw UnsupportedError("the server has no IDLE");
  const Command command("IDLE");
  auto tag = send(command);
  try {
    // DONE before the `+` would be taken for a command.
    await_continuation(tag, "IDLE");
  } catch (const CommandError&) {
    idle_works_ = false;
    throw;
  }
  idle_tag_ = std::move(tag);
}

bool Session::is_idling() const {
  return !idle_tag_.empty() && !pending_.at(idle_tag_);
}

void Session::leave_idle() {
  if (idle_tag_.empty()) return;
  auto tag = std::exchange(idle_tag_, {});
  if (pending_.at(tag)) {
    pending_.erase(tag);  // the server has ended it
    return;
  }
  try {
    connection_.trace_sent("DONE");
    connection_.write("DONE\r\n");
  } catch (...) {
    usable_ = false;
    throw;
  }
  ending_idle_ = std::move(tag);
  said_done_ = true;
}

void Session::end_idle() {
  leave_idle();
  while (!ending_idle_.empty()) static_cast<void>(receive(nullptr));
}

void Session::idle_ended() {
  // However the server ends it. What came up to here counts for the mailbox that was open then.
  pending_.erase(std::exchange(ending_idle_, {}));
  // With QRESYNC it is CLOSED that says where the next mailbox begins.
  if (!is_enabled("QRESYNC")) open_.leave_behind();
}

bool Session::notify() {
  if (!capabilities_.has("NOTIFY")) return false;
  // Not SELECTED-DELAYED, which keeps an EXPUNGE back until the next command (Dovecot 2.3, by
  // experiment): sequence numbers that shift in the middle of a command harm nobody here.
  // What may not be left out stands first: one without the other is refused (RFC 5465 section 5).
  const std::string selected = "(SELECTED (MessageNew MessageExpunge FlagChange))";
  for (const auto* personal :
       {"(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))",
        "(PERSONAL (MessageNew MessageExpunge))"}) {
    // The answer begins with the state of all mailboxes that are watched.
    notifying_ = true;
    const auto answer = outcome(send(Command("NOTIFY SET STATUS").raw(selected).raw(personal)));
    if (answer.condition == Condition::ok) return notifying_;
    notifying_ = false;
    if (answer.code == "NOTIFICATIONOVERFLOW") break;
  }
  return false;
}

}  // namespace imap
