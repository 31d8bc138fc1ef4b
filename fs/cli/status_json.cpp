#include "fs/cli/status_json.h"

#include "fs/cli/version.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fs {
namespace {

using Json = nlohmann::ordered_json;  // people read it, too

const char* name_of(imap::ConnectionState::Activity activity) {
  using Activity = imap::ConnectionState::Activity;
  switch (activity) {
    case Activity::offline:
      return "offline";
    case Activity::connecting:
      return "connecting";
    case Activity::idle:
      return "waiting";
    case Activity::idling:
      return "listening";
    case Activity::running:
      break;
  }
  return "running";
}

const char* name_of(imap::SyncClass sync_class) {
  switch (sync_class) {
    case imap::SyncClass::qresync:
      return "qresync";
    case imap::SyncClass::condstore:
      return "condstore";
    case imap::SyncClass::plain:
      break;
  }
  return "plain";
}

Json to_json(const AccountStatus::Connection& connection) {
  return {{"number", connection.state.number},
          {"activity", name_of(connection.state.activity)},
          {"what", connection.state.what},
          {"since", connection.since},
          {"folder", connection.folder},
          {"received_bytes", connection.state.received},
          {"protection", connection.state.description}};
}

Json to_json(const AccountStatus::Mailbox& mailbox) {
  return {{"folder", mailbox.folder},
          {"messages", mailbox.messages},
          {"sync", name_of(mailbox.sync_class)},
          {"synced_at", mailbox.synced_at},
          {"watched", mailbox.watched}};
}

Json to_json(const AccountStatus::Bodies& bodies) {
  const auto rate =
      bodies.reads == 0
          ? Json(nullptr)
          : Json(static_cast<double>(bodies.from_cache) / static_cast<double>(bodies.reads));
  return {{"fetched_messages", bodies.messages},
          {"fetched_bytes", bodies.bytes},
          {"reads", bodies.reads},
          {"reads_from_cache", bodies.from_cache},
          {"hit_rate", rate}};
}

Json cache_json(const MountStatus& status) {
  const auto& cache = status.account.cache;
  return {{"directory", status.cache_directory}, {"limit_bytes", status.cache_limit},
          {"messages", cache.messages},          {"bodies", cache.bodies},
          {"body_bytes", cache.body_bytes},      {"file_bytes", cache.file_bytes},
          {"reusable_bytes", cache.free_pages}};
}

Json to_json(const Refusal& refusal) {
  return {{"time", refusal.time}, {"folder", refusal.folder}, {"uid", refusal.uid},
          {"name", refusal.name}, {"what", refusal.what},     {"reason", refusal.reason}};
}

Json to_json(const RecentErrors::Entry& entry) {
  return {{"time", entry.time}, {"count", entry.count}, {"text", entry.text}};
}

template <class Values>
Json list_of(const Values& values) {
  auto list = Json::array();
  for (const auto& value : values) list.push_back(to_json(value));
  return list;
}

}  // namespace

std::string to_json(const MountStatus& status) {
  const auto& account = status.account;
  const Json json{
      {"version", version_number()},
      {"source", status.source},
      {"mountpoint", status.mountpoint},
      {"mounted_at", status.mounted_at},
      {"process", status.process},
      {"online", account.online},
      {"since", account.since},
      {"reason", account.reason},
      {"connections", list_of(account.connections)},
      {"watches_all", account.watches_all},
      {"folders", account.folders},
      {"mailboxes", list_of(account.mailboxes)},
      {"bodies", to_json(account.bodies)},
      {"changes",
       {{"pending", account.changes.pending}, {"refused", list_of(account.changes.refused)}}},
      {"cache", cache_json(status)},
      {"errors", list_of(status.errors)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::optional<std::uint64_t> pending_changes(std::string_view json) {
  try {
    return Json::parse(json).at("changes").at("pending").get<std::uint64_t>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::optional<std::uint64_t> cache_room(std::string_view json) {
  try {
    const auto parsed = Json::parse(json);
    const auto& cache = parsed.at("cache");
    const auto limit = cache.at("limit_bytes").get<std::uint64_t>();
    return limit - std::min(limit, cache.at("body_bytes").get<std::uint64_t>());
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace fs
