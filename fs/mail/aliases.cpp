#include "fs/mail/aliases.h"

#include <utility>
#include <vector>

namespace fs {

void Aliases::Names::insert(const std::string& name, const Alias& alias) {
  all.insert_or_assign(name, alias);
  if (alias.shown == Shown::yes) shown[alias.uid.value].emplace(alias.id.value, name);
}

void Aliases::Names::erase(const std::string& name) {
  const auto found = all.find(name);
  const auto of_message = shown.find(found->second.uid.value);
  if (of_message != shown.end()) {
    of_message->second.erase(found->second.id.value);
    if (of_message->second.empty()) shown.erase(of_message);
  }
  all.erase(found);
}

cache::AliasRow Aliases::row_of(const Box& box, const std::string& name, const Alias& alias) {
  return {{box.mailbox, box.uid_validity, alias.uid.value}, name, alias.shown == Shown::yes};
}

Aliases::Aliases(cache::Journal& journal, const cache::Store& cache)
    : journal_(journal), cache_(cache) {
  std::vector<cache::RecordId> replaced;
  const auto rows = journal_.all<cache::AliasRow>();
  table_.with([&](Table& table) {
    for (const auto& [id, row] : rows) {
      const Box box{row.message.mailbox, row.message.uid_validity};
      if (const auto old = forget(table, box, row.name)) replaced.push_back(*old);
      table.boxes[box].insert(row.name,
                              {Uid{row.message.uid}, id, row.shown ? Shown::yes : Shown::no});
      table.order.emplace(id.value, std::pair{box, row.name});
    }
  });
  journal_.erase<cache::AliasRow>(replaced);
}

std::optional<Aliases::Box> Aliases::box_of(MailboxId mailbox) const {
  const bool none = table_.with([](const Table& table) { return table.order.empty(); });
  if (none) return std::nullopt;
  const auto row =
      cache_.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
  if (!row || row->uid_validity == 0) return std::nullopt;
  return Box{row->wire_name, row->uid_validity};
}

std::optional<cache::RecordId> Aliases::forget(Table& table, const Box& box,
                                               const std::string& name) {
  const auto names = table.boxes.find(box);
  if (names == table.boxes.end()) return std::nullopt;
  const auto found = names->second.all.find(name);
  if (found == names->second.all.end()) return std::nullopt;
  const auto id = found->second.id;
  table.order.erase(id.value);
  names->second.erase(name);
  if (names->second.all.empty()) table.boxes.erase(names);
  return id;
}

void Aliases::put(MailboxId mailbox, Uid uid, const std::string& name, Shown shown) {
  const auto row =
      cache_.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
  if (!row || row->uid_validity == 0) return;
  const Box box{row->wire_name, row->uid_validity};
  Alias alias{uid, {}, shown};
  alias.id = journal_.add(row_of(box, name, alias));
  std::vector<cache::RecordId> forgotten;
  table_.with([&](Table& table) {
    if (const auto old = forget(table, box, name)) forgotten.push_back(*old);
    table.boxes[box].insert(name, alias);
    table.order.emplace(alias.id.value, std::pair{box, name});
    while (table.order.size() > kMost) {
      const auto [oldest, old_name] = table.order.begin()->second;
      forgotten.push_back(*forget(table, oldest, old_name));
    }
  });
  if (!forgotten.empty()) journal_.erase<cache::AliasRow>(forgotten);
}

std::optional<Uid> Aliases::find(MailboxId mailbox, std::string_view name) const {
  const auto box = box_of(mailbox);
  if (!box) return std::nullopt;
  return table_.with([&](const Table& table) -> std::optional<Uid> {
    const auto names = table.boxes.find(*box);
    if (names == table.boxes.end()) return std::nullopt;
    const auto found = names->second.all.find(std::string(name));
    return found == names->second.all.end() ? std::nullopt : std::optional(found->second.uid);
  });
}

std::optional<std::string> Aliases::shown(MailboxId mailbox, Uid uid) const {
  const auto box = box_of(mailbox);
  if (!box) return std::nullopt;
  return table_.with([&](const Table& table) -> std::optional<std::string> {
    const auto names = table.boxes.find(*box);
    if (names == table.boxes.end()) return std::nullopt;
    const auto found = names->second.shown.find(uid.value);
    if (found == names->second.shown.end()) return std::nullopt;
    return found->second.rbegin()->second;
  });
}

bool Aliases::any_shown(MailboxId mailbox) const {
  const auto box = box_of(mailbox);
  return box && table_.with([&](const Table& table) {
    const auto names = table.boxes.find(*box);
    return names != table.boxes.end() && !names->second.shown.empty();
  });
}

void Aliases::erase(MailboxId mailbox, std::string_view name) {
  const auto box = box_of(mailbox);
  if (!box) return;
  const auto id = table_.with([&](Table& table) { return forget(table, *box, std::string(name)); });
  if (id) journal_.erase<cache::AliasRow>({*id});
}

void Aliases::renamed(const std::string& from, const std::string& to) {
  std::vector<std::pair<cache::RecordId, cache::AliasRow>> rows;
  table_.with([&](Table& table) {
    std::vector<Box> moved;
    for (const auto& [box, names] : table.boxes) {
      if (box.mailbox == from) moved.push_back(box);
    }
    for (const auto& box : moved) {
      auto names = std::move(table.boxes.extract(box).mapped());
      const Box now{to, box.uid_validity};
      for (const auto& [name, alias] : names.all) {
        table.order[alias.id.value].first = now;
        rows.emplace_back(alias.id, row_of(now, name, alias));
      }
      table.boxes.insert_or_assign(now, std::move(names));
    }
  });
  for (const auto& [id, row] : rows) journal_.put(id, row);
}

}  // namespace fs
