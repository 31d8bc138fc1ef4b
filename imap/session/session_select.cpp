// Opening a mailbox and leaving it.

#include "imap/base/errors.h"
#include "imap/session/session.h"

namespace imap {

const SelectedMailbox& Session::open_mailbox(std::string_view verb, const std::string& mailbox) {
  Command command(verb);
  names_.add_to(command, mailbox);
  selected_ = SelectedMailbox{};
  selected_->name = mailbox;
  selected_->read_only = verb == "EXAMINE";
  try {
    run(command, verb);
  } catch (...) {
    // A failed SELECT leaves no mailbox open (RFC 3501 6.3.1).
    selected_.reset();
    throw;
  }
  return *selected_;
}

const SelectedMailbox& Session::examine(const std::string& mailbox, Refresh refresh) {
  if (selected_ && selected_->name == mailbox && refresh == Refresh::no) return *selected_;
  return open_mailbox("EXAMINE", mailbox);
}

const SelectedMailbox& Session::select(const std::string& mailbox, Refresh refresh) {
  const bool open = selected_ && selected_->name == mailbox && !selected_->read_only;
  if (open && refresh == Refresh::no) return *selected_;
  return open_mailbox("SELECT", mailbox);
}

void Session::unselect() {
  if (!selected_) return;
  const auto name = selected_->name;
  if (capabilities_.offers("UNSELECT")) {
    run(Command("UNSELECT"), "UNSELECT");
  } else {
    // CLOSE expunges what anybody has marked as deleted, unless the mailbox is open for reading
    // alone (RFC 3501 6.4.2); and only a server that says so has understood that.
    if (!selected_->read_only) open_mailbox("EXAMINE", name);
    if (!selected_->read_only) return;
    run(Command("CLOSE"), "CLOSE");
  }
  selected_.reset();
}

}  // namespace imap
