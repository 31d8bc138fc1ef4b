// Which mailboxes there are and what is in them: LIST with its extensions, XLIST, LSUB, STATUS.

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace imap {
namespace {

/// `INBOX` as it is always written: Yahoo and mox write `Inbox` (RFC 3501 5.1).
void spell_inbox(std::string& name) {
  if (equal_ignoring_case(name, "INBOX")) name = "INBOX";
}

/// Rows that come while this lives are answers and no news.
class Asking {
 public:
  explicit Asking(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  ~Asking() { flag_ = before_; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  bool& flag_;
  const bool before_;
};

using Places = std::unordered_map<std::string, std::size_t>;

Places places_of(const std::vector<ListRow>& rows) {
  Places places;
  for (std::size_t i = 0; i < rows.size(); ++i) places.emplace(rows[i].name, i);
  return places;
}

}  // namespace

/// What is asked for in RETURN, empty for a plain LIST. A server that names several options may
/// have to be asked for all of them at once, because it returns no more than it is asked for
/// (Dovecot 2.4); one that refuses what it advertises is asked for less, step by step.
std::string Session::list_options(const ListRequest& request, ListStage stage) const {
  if (stage == ListStage::plain) return {};
  std::string options;
  const auto add = [&options](const std::string& option) {
    options += (options.empty() ? "" : " ") + option;
  };
  if (capabilities_.offers("LIST-EXTENDED")) {
    add("SUBSCRIBED CHILDREN");
    if (capabilities_.has("SPECIAL-USE") && stage != ListStage::least) add("SPECIAL-USE");
  }
  if (request.status && capabilities_.offers("LIST-STATUS") && stage != ListStage::least) {
    add(fmt::format("STATUS ({})", status_items(stage == ListStage::everything)));
  }
  return options;
}

std::string Session::status_items(bool all) const {
  std::string items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN";
  if (!all) return items;
  if (capabilities_.has("CONDSTORE") || capabilities_.has("QRESYNC")) items += " HIGHESTMODSEQ";
  if (capabilities_.offers("STATUS=SIZE")) items += " SIZE";
  if (capabilities_.has("OBJECTID") && !quirks_.no_status_id) items += " MAILBOXID";
  if (capabilities_.has("APPENDLIMIT")) items += " APPENDLIMIT";
  return items;
}

Command Session::status_command(const std::string& mailbox) const {
  Command command("STATUS");
  names_.add_to(command, mailbox);
  command.raw(fmt::format("({})", status_items(rich_status_)));
  return command;
}

std::vector<ListRow> Session::list(const ListRequest& request) {
  const Asking asking(asking_mailboxes_);
  const bool ahead = request.hierarchy && !namespace_ && capabilities_.offers("NAMESPACE");
  const auto hierarchy = ahead ? send(Command("NAMESPACE")) : "";
  auto rows = list_in_stages(request);
  if (ahead) finish_namespace(hierarchy);
  const auto options = list_options(request, list_stage_);
  mark_special_uses(rows, request.prefix);
  const bool incomplete = quirks_.list_one_level;
  if ((request.subscriptions || incomplete) && options.find("SUBSCRIBED") == std::string::npos) {
    mark_subscriptions(rows, request.prefix);
  }
  if (request.status && options.find("STATUS") == std::string::npos) add_statuses(rows);
  return rows;
}

std::vector<ListRow> Session::list_in_stages(const ListRequest& request) {
  while (true) {
    const auto options = list_options(request, list_stage_);
    try {
      return list_once(request.prefix, options);
    } catch (const CommandError& error) {
      if (error.status() != CommandError::Status::bad || options.empty()) throw;
      do {
        list_stage_ = static_cast<ListStage>(static_cast<int>(list_stage_) + 1);
      } while (list_options(request, list_stage_) == options);
    }
  }
}

std::vector<ListRow> Session::list_once(const std::string& prefix, const std::string& options) {
  std::vector<ListRow> rows;
  std::unordered_map<std::string, StatusRow> statuses;
  const auto most = connection_.settings().limits.mailboxes;
  const auto collect = [&](Response& response) {
    if (auto* status = std::get_if<StatusRow>(&response)) {
      spell_inbox(status->name);
      if (statuses.size() < most) statuses.insert_or_assign(status->name, std::move(*status));
      return;
    }
    auto* row = std::get_if<ListRow>(&response);
    // A name may hold `%` and `*`, and some servers ignore a pattern that constrains.
    if (row == nullptr || row->name.empty() || !row->name.starts_with(prefix)) return;
    if (rows.size() >= most) {
      throw LimitError(fmt::format("the server lists more than {} mailboxes", most));
    }
    spell_inbox(row->name);
    rows.push_back(std::move(*row));
  };
  Command command("LIST \"\"");
  names_.add_to(command, prefix + (quirks_.list_one_level ? '%' : '*'));
  if (!options.empty()) command.raw(fmt::format("RETURN ({})", options));
  run(command, "LIST", collect);
  for (auto& row : rows) {
    if (auto found = statuses.find(row.name); found != statuses.end()) row.status = found->second;
  }
  // strato.de leaves INBOX out.
  const auto is_inbox = [](const ListRow& row) {
    return row.name == "INBOX";
  };
  if (prefix.empty() && std::ranges::none_of(rows, is_inbox)) {
    rows.push_back({{}, rows.empty() ? std::nullopt : rows.front().delimiter, "INBOX"});
  }
  return rows;
}

void Session::mark_special_uses(std::vector<ListRow>& rows, const std::string& prefix) {
  if (capabilities_.has("SPECIAL-USE") || !capabilities_.has("XLIST")) return;
  const auto places = places_of(rows);
  Command command("XLIST \"\"");
  names_.add_to(command, prefix + '*');
  try {
    run(command, "XLIST", [&](Response& response) {
      const auto* row = std::get_if<ListRow>(&response);
      if (row == nullptr || !row->use) return;
      if (const auto at = places.find(row->name); at != places.end())
        rows[at->second].use = row->use;
    });
  } catch (const CommandError&) {
    // What the mailboxes are for stays unknown.
  }
}

void Session::mark_subscriptions(std::vector<ListRow>& rows, const std::string& prefix) {
  if (capabilities_.is_only_rev2()) return;  // which has no LSUB
  const auto places = places_of(rows);
  Command command("LSUB \"\"");
  names_.add_to(command, prefix + '*');
  try {
    run(command, "LSUB", [&](Response& response) {
      auto* found = std::get_if<LsubRow>(&response);
      if (found == nullptr || !found->row.is_selectable()) return;
      spell_inbox(found->row.name);
      const auto at = places.find(found->row.name);
      if (at != places.end()) {
        rows[at->second].subscribed = true;
      } else if (quirks_.list_one_level && found->row.name.starts_with(prefix) &&
                 rows.size() < connection_.settings().limits.mailboxes) {
        // Below the first level the mailboxes that the user has chosen are all that is shown.
        found->row.subscribed = true;
        rows.push_back(std::move(found->row));
      }
    });
  } catch (const CommandError&) {
    // Exchange refuses it in some of its modes.
  }
}

void Session::add_statuses(std::vector<ListRow>& rows) {
  std::vector<std::string> names;
  std::vector<ListRow*> selectable;
  for (auto& row : rows) {
    if (!row.is_selectable()) continue;
    names.push_back(row.name);
    selectable.push_back(&row);
  }
  auto statuses = this->statuses(names);
  for (std::size_t i = 0; i < selectable.size(); ++i)
    selectable[i]->status = std::move(statuses[i]);
}

std::vector<std::optional<StatusRow>> Session::statuses(const std::vector<std::string>& mailboxes) {
  const Asking asking(asking_mailboxes_);
  std::vector<std::optional<StatusRow>> rows(mailboxes.size());
  Places places;
  for (std::size_t i = 0; i < mailboxes.size(); ++i) places.emplace(mailboxes[i], i);
  const auto collect = [&](Response& response) {
    auto* row = std::get_if<StatusRow>(&response);
    if (row == nullptr) return;
    spell_inbox(row->name);
    if (const auto at = places.find(row->name); at != places.end())
      rows[at->second] = std::move(*row);
  };
  struct InFlight {
    std::string tag;
    std::size_t place;
    bool rich;
  };
  std::deque<InFlight> in_flight;
  std::deque<std::size_t> left(mailboxes.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  while (!left.empty() || !in_flight.empty()) {
    while (!left.empty() && in_flight.size() < quirks_.statuses_ahead) {
      const auto place = left.front();
      left.pop_front();
      in_flight.push_back({send(status_command(mailboxes[place])), place, rich_status_});
    }
    const auto asked = in_flight.front();
    in_flight.pop_front();
    // One that is refused is left out: it may be gone, or not ours to see.
    if (outcome(asked.tag, collect).condition != Condition::bad || !asked.rich) continue;
    // A server that does not know what it advertises is asked for less from here on.
    rich_status_ = false;
    left.push_back(asked.place);
  }
  return rows;
}

StatusRow Session::status(const std::string& mailbox) {
  const Asking asking(asking_mailboxes_);
  std::optional<StatusRow> found;
  const auto collect = [&](Response& response) {
    auto* row = std::get_if<StatusRow>(&response);
    if (row == nullptr) return;
    spell_inbox(row->name);
    if (row->name == mailbox) found = std::move(*row);
  };
  const auto ask = [&] {
    return outcome(send(status_command(mailbox)), collect);
  };
  auto answer = ask();
  if (answer.condition == Condition::bad && rich_status_) {
    rich_status_ = false;
    answer = ask();
  }
  check(answer, "STATUS");
  if (!found) throw CommandError(CommandError::Status::no, "", "STATUS: the server says nothing");
  return *found;
}

}  // namespace imap
