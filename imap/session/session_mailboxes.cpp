// Mailboxes: where the user's own are, making, renaming and deleting them, subscriptions.

#include "imap/base/errors.h"
#include "imap/base/mailbox_name.h"
#include "imap/session/session.h"
#include "imap/wire/response_codes.h"

#include <fmt/format.h>

namespace imap {

namespace {

Namespace guessed_namespace(const std::vector<ListRow>& listed) {
  Namespace guess;
  for (const auto& row : listed) {
    if (row.name == "INBOX") continue;
    if (!row.delimiter || !row.name.starts_with(std::string("INBOX") + *row.delimiter)) return {};
    guess = {std::string("INBOX") + *row.delimiter, row.delimiter};
  }
  return guess;
}

/// GreenMail deletes INBOX when asked to, and RENAME empties it on any server (RFC 3501 6.3.5):
/// nobody means that.
void refuse_inbox(std::string_view mailbox, std::string_view command) {
  if (!is_inbox(mailbox)) return;
  throw CommandError(CommandError::Status::no, "CANNOT",
                     fmt::format("{}: INBOX stays where it is", command));
}

}  // namespace

Namespace Session::personal_namespace(const std::vector<ListRow>& listed) {
  if (!capabilities_.offers("NAMESPACE")) return guessed_namespace(listed);
  if (!namespace_) finish_namespace(send(Command("NAMESPACE")));
  return *namespace_;
}

void Session::finish_namespace(const std::string& tag) {
  finish(tag, "NAMESPACE");
  if (!namespace_) namespace_ = Namespace{};  // NIL
}

std::string Session::create_mailbox(const std::string& mailbox, std::optional<SpecialUse> use) {
  Command command("CREATE");
  names_.add_to(command, mailbox);
  if (use && capabilities_.has("CREATE-SPECIAL-USE")) {
    command.raw(fmt::format("(USE ({}))", attribute_of(*use)));
  }
  return mailbox_id_in(run(command, "CREATE"));
}

void Session::delete_mailbox(const std::string& mailbox) {
  refuse_inbox(mailbox, "DELETE");
  // UW refuses to delete what is open.
  if (selected() && selected()->name == mailbox) unselect();
  Command command("DELETE");
  names_.add_to(command, mailbox);
  run(command, "DELETE");
}

void Session::rename_mailbox(const std::string& from, const std::string& to) {
  refuse_inbox(from, "RENAME");
  // What is below it is renamed with it, and would be kept open by a name that another mailbox may
  // get. The delimiter is not known here; to leave one mailbox too many costs little.
  if (selected() && selected()->name.starts_with(from)) unselect();
  Command command("RENAME");
  names_.add_to(command, from);
  names_.add_to(command, to);
  run(command, "RENAME");
}

void Session::subscribe(const std::string& mailbox, Subscription subscription) {
  Command command(subscription == Subscription::add ? "SUBSCRIBE" : "UNSUBSCRIBE");
  names_.add_to(command, mailbox);
  run(command, subscription == Subscription::add ? "SUBSCRIBE" : "UNSUBSCRIBE");
}

void Session::noop() {
  run(Command("NOOP"), "NOOP");
}

void Session::logout() noexcept {
  if (!usable_) return;
  usable_ = false;
  try {
    if (is_idling()) connection_.write("DONE\r\n");
    const auto tag = connection_.next_tag();
    connection_.trace_sent(tag + " LOGOUT");
    connection_.write(tag + " LOGOUT\r\n");
  } catch (const std::exception&) {
    // The connection is closed next, whether the server heard it or not.
  }
}

}  // namespace imap
