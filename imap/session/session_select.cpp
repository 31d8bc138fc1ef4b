// Opening a mailbox and leaving it.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <cstddef>

namespace imap {
namespace {

/// Mailboxes that were left since anybody took the news.
constexpr std::size_t kMostLeft = 1000;

}  // namespace

const SelectedMailbox& Session::open_mailbox(std::string_view verb, const std::string& mailbox,
                                             const std::optional<ResyncPoint>& since) {
  // Without CLOSED in between nobody could tell what belongs to which mailbox.
  if (quirks_.unselect_first && selected() && is_enabled("QRESYNC")) unselect();
  Command command(verb);
  names_.add_to(command, mailbox);
  add_parameters(command, since);
  note_left();
  open_.begin(mailbox, verb == "EXAMINE");
  try {
    run(command, verb);
  } catch (...) {
    open_.failed();
    throw;
  }
  open_.succeeded();
  return *selected();
}

void Session::add_parameters(Command& command, const std::optional<ResyncPoint>& since) const {
  if (is_enabled("QRESYNC") && since && since->uid_validity.value != 0 &&
      since->modseq.value != 0) {
    auto point = fmt::format("{} {}", since->uid_validity.value, since->modseq.value);
    if (!since->known.empty()) {
      // More than the caller has may be named: it drops what it never had anyway.
      const bool fits = since->known.ranges().size() <= kMostRanges;
      point += ' ' + (fits ? since->known : UidSet(Uid{1}, since->known.back())).to_string();
    }
    command.raw(fmt::format("(QRESYNC ({}))", point));
  } else if (capabilities_.has("CONDSTORE") && !is_enabled("CONDSTORE")) {
    // Some servers track nothing before they are told to (RFC 7162 3.1.2.1).
    command.raw("(CONDSTORE)");
  }
}

const SelectedMailbox& Session::examine(const std::string& mailbox, Refresh refresh,
                                        const std::optional<ResyncPoint>& since) {
  if (selected() && selected()->name == mailbox && refresh == Refresh::no) return *selected();
  return open_mailbox(quirks_.select_always ? "SELECT" : "EXAMINE", mailbox, since);
}

const SelectedMailbox& Session::select(const std::string& mailbox, Refresh refresh,
                                       const std::optional<ResyncPoint>& since) {
  const bool open = selected() && selected()->name == mailbox && !selected()->read_only;
  if (open && refresh == Refresh::no) return *selected();
  return open_mailbox("SELECT", mailbox, since);
}

void Session::unselect() {
  if (!selected()) return;
  const auto name = selected()->name;
  if (capabilities_.offers("UNSELECT")) {
    run(Command("UNSELECT"), "UNSELECT");
  } else {
    // CLOSE expunges what anybody has marked as deleted, unless the mailbox is open for reading
    // alone (RFC 3501 6.4.2); and only a server that says so has understood that.
    if (!selected()->said_read_only) open_mailbox("EXAMINE", name, {});
    if (!selected()->said_read_only) return;
    run(Command("CLOSE"), "CLOSE");
  }
  note_left();
  open_.close();
}

void Session::note_left() {
  if (!notifying_ || !selected()) return;
  if (updates_.left.size() < kMostLeft) {
    updates_.left.insert(selected()->name);
  } else {
    updates_.overflow = true;
  }
}

}  // namespace imap
