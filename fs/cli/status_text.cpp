#include "fs/cli/status_text.h"

#include "fs/cli/safe_text.h"
#include "fs/cli/units.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace fs {
namespace {

using Json = nlohmann::json;

/// More mailboxes than these are only counted.
constexpr std::size_t kMostMailboxes = 20;
constexpr std::size_t kMostErrors = 5;

std::string text_of(const Json& object, const char* name) {
  return safe_text(object.value(name, std::string()));
}

std::uint64_t number_of(const Json& object, const char* name) {
  return object.value(name, std::uint64_t{0});
}

class Report {
 public:
  Report(const Json& json, std::int64_t now) : json_(json), now_(now) {}

  std::string make() {
    text_ = fmt::format("{} on {}\n", text_of(json_, "source"), text_of(json_, "mountpoint"));
    add_state();
    add_connections();
    add_folders();
    add_bodies();
    add_changes();
    add_cache();
    add_errors();
    return std::move(text_);
  }

 private:
  void line(std::string_view label, std::string_view value) {
    text_ += fmt::format("  {:<12} {}\n", label, value);
  }
  std::string age(const Json& object, const char* name) const {
    const auto time = object.value(name, std::int64_t{0});
    return time == 0 ? "never" : rough_duration(now_ - time) + " ago";
  }
  std::string span(const Json& object, const char* name) const {
    return rough_duration(now_ - object.value(name, now_));
  }

  void add_state() {
    const bool online = json_.value("online", false);
    const auto reason = text_of(json_, "reason");
    line(online ? "online" : "offline", fmt::format("for {}{}", span(json_, "since"),
                                                    online || reason.empty() ? "" : ": " + reason));
    line("mounted", fmt::format("{}, process {}", age(json_, "mounted_at"),
                                json_.value("process", std::int64_t{0})));
  }

  void add_connections() {
    for (const auto& connection : json_.value("connections", Json::array())) {
      const auto folder = text_of(connection, "folder");
      const auto what = text_of(connection, "what");
      auto doing = what.empty() ? text_of(connection, "activity") : what;
      if (what.empty() && !folder.empty()) doing += " in " + folder;
      line(fmt::format("connection {}", number_of(connection, "number")),
           fmt::format("{}, for {}, received {}", doing, span(connection, "since"),
                       in_mebibytes(number_of(connection, "received_bytes"))));
    }
  }

  void add_folders() {
    const auto mailboxes = json_.value("mailboxes", Json::array());
    line("folders",
         fmt::format("{}, {} of them listed{}", number_of(json_, "folders"), mailboxes.size(),
                     json_.value("watches_all", false) ? ", the server tells of all" : ""));
    std::size_t width = 0;
    const auto shown = std::min(mailboxes.size(), kMostMailboxes);
    for (std::size_t i = 0; i < shown; ++i) {
      width = std::max(width, text_of(mailboxes[i], "folder").size());
    }
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& mailbox = mailboxes[i];
      line("", fmt::format("{:<{}}  {:>7} messages  {:<9}  compared {}{}",
                           text_of(mailbox, "folder"), width, number_of(mailbox, "messages"),
                           text_of(mailbox, "sync"), age(mailbox, "synced_at"),
                           mailbox.value("watched", false) ? ", watched" : ""));
    }
    if (mailboxes.size() > shown) line("", fmt::format("and {} more", mailboxes.size() - shown));
  }

  void add_bodies() {
    const auto bodies = json_.value("bodies", Json::object());
    line("fetched", fmt::format("{} messages, {}", number_of(bodies, "fetched_messages"),
                                in_mebibytes(number_of(bodies, "fetched_bytes"))));
    const auto reads = number_of(bodies, "reads");
    const auto hits = number_of(bodies, "reads_from_cache");
    line("read", reads == 0
                     ? "nothing yet"
                     : fmt::format("{} messages, {:.0f} % of them from the cache", reads,
                                   100.0 * static_cast<double>(hits) / static_cast<double>(reads)));
  }

  void add_changes() {
    const auto changes = json_.value("changes", Json::object());
    const auto pending = number_of(changes, "pending");
    if (pending > 0) line("changes", fmt::format("{} are still to be made", pending));
    const auto refused = changes.value("refused", Json::array());
    const auto first = refused.size() - std::min(refused.size(), kMostErrors);
    for (auto i = first; i < refused.size(); ++i) {
      const auto uid = number_of(refused[i], "uid");
      const auto which =
          uid == 0 ? text_of(refused[i], "name") + " in" : fmt::format("message {} of", uid);
      line(i == first ? "refused" : "",
           fmt::format("{}: {} {} {}: {}", age(refused[i], "time"), text_of(refused[i], "what"),
                       which, text_of(refused[i], "folder"), text_of(refused[i], "reason")));
    }
  }

  void add_cache() {
    const auto cache = json_.value("cache", Json::object());
    line("cache",
         fmt::format("{} of {} in {} messages, file {}",
                     in_mebibytes(number_of(cache, "body_bytes")),
                     in_mebibytes(number_of(cache, "limit_bytes")), number_of(cache, "bodies"),
                     in_mebibytes(number_of(cache, "file_bytes"))));
  }

  void add_errors() {
    const auto errors = json_.value("errors", Json::array());
    const auto first = errors.size() - std::min(errors.size(), kMostErrors);
    for (auto i = first; i < errors.size(); ++i) {
      const auto count = number_of(errors[i], "count");
      line(i == first ? "last errors" : "",
           fmt::format("{}: {}{}", age(errors[i], "time"), text_of(errors[i], "text"),
                       count > 1 ? fmt::format(" ({} times)", count) : ""));
    }
  }

  const Json& json_;
  const std::int64_t now_;
  std::string text_;
};

}  // namespace

std::string rough_duration(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  seconds = std::max<std::int64_t>(seconds, 0);
  if (seconds < 2 * kMinute) return fmt::format("{} s", seconds);
  if (seconds < 2 * kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{} h", seconds / kHour);
  return fmt::format("{} days", seconds / kDay);
}

std::string status_text(std::string_view json, std::int64_t now) {
  try {
    const auto parsed = Json::parse(json);
    return Report(parsed, now).make();
  } catch (const Json::exception&) {
    throw std::runtime_error("the status is not what this version of imapfs expects");
  }
}

}  // namespace fs
