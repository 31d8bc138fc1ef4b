// Mailboxes: where they are, which there are.

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace

Namespace Session::personal_namespace(const std::vector<ListRow>& listed) {
  if (!capabilities_.has("NAMESPACE")) return guessed_namespace(listed);
  std::optional<Namespace> found;
  run(Command("NAMESPACE"), "NAMESPACE", [&found](Response& response) {
    const auto* row = std::get_if<NamespaceRow>(&response);
    if (row != nullptr && !row->personal.empty() && !found) found = row->personal.front();
  });
  return found.value_or(Namespace{});
}

std::vector<ListRow> Session::list() {
  constexpr std::size_t kMostMailboxes = 50'000;
  std::vector<ListRow> rows;
  run(Command("LIST \"\" \"*\""), "LIST", [&rows](Response& response) {
    auto* row = std::get_if<ListRow>(&response);
    if (row == nullptr || row->name.empty()) return;
    if (rows.size() >= kMostMailboxes)
      throw LimitError("the server lists more than 50,000 mailboxes");
    // Yahoo and mox write `Inbox`; the name is case-insensitive (RFC 3501 5.1).
    if (equal_ignoring_case(row->name, "INBOX")) row->name = "INBOX";
    rows.push_back(std::move(*row));
  });
  // strato.de leaves INBOX out.
  const bool has_inbox =
      std::ranges::any_of(rows, [](const ListRow& row) { return row.name == "INBOX"; });
  if (!has_inbox) {
    rows.push_back({{}, rows.empty() ? std::nullopt : rows.front().delimiter, "INBOX"});
  }
  return rows;
}

void Session::noop() {
  run(Command("NOOP"), "NOOP");
}

void Session::logout() noexcept {
  if (!usable_) return;
  usable_ = false;
  try {
    const auto tag = connection_.next_tag();
    connection_.trace_sent(tag + " LOGOUT");
    connection_.write(tag + " LOGOUT\r\n");
  } catch (const std::exception&) {
    // The connection is closed next, whether the server heard it or not.
  }
}

}  // namespace imap
