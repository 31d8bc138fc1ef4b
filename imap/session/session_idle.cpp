// Being told: IDLE (RFC 2177) and NOTIFY (RFC 5465).

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <utility>

namespace imap {

bool Session::can_idle() const {
  return capabilities_.offers("IDLE");
}

void Session::idle() {
  if (!can_idle()) throw UnsupportedError("the server has no IDLE");
  const Command command("IDLE");
  auto tag = send(command);
  // DONE before the `+` would be taken for a command.
  await_continuation(tag, "IDLE");
  idle_tag_ = std::move(tag);
}

bool Session::is_idling() const {
  return !idle_tag_.empty() && !pending_.at(idle_tag_);
}

void Session::end_idle() {
  if (idle_tag_.empty()) return;
  const bool must_end = is_idling();
  const auto tag = std::exchange(idle_tag_, {});
  try {
    if (must_end) {
      connection_.trace_sent("DONE");
      connection_.write("DONE\r\n");
    }
  } catch (...) {
    usable_ = false;
    throw;
  }
  // What came up to here counts, however the server ends it.
  static_cast<void>(outcome(tag));
}

bool Session::notify() {
  if (!capabilities_.has("NOTIFY")) return false;
  // What may not be left out stands first: one without the other is refused (RFC 5465 section 5).
  const std::string selected = "(SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))";
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
