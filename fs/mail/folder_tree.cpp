#include "fs/mail/folder_tree.h"

#include "fs/mail/convert.h"
#include "fs/mail/folder_names.h"
#include "imap/base/mailbox_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fs {
namespace {

/// The level above, or nothing for a first level.
std::optional<std::string> parent_of(const std::string& wire_name, std::optional<char> delimiter,
                                     const Hierarchy& hierarchy) {
  if (!delimiter || wire_name == "INBOX") return std::nullopt;
  const auto cut = wire_name.rfind(*delimiter);
  // A delimiter at either end separates nothing.
  if (cut == std::string::npos || cut == 0 || cut + 1 == wire_name.size()) return std::nullopt;
  auto parent = wire_name.substr(0, cut);
  if (parent + *delimiter == hierarchy.prefix) return std::nullopt;
  return parent;
}

std::string entry_of(const std::string& wire_name, std::optional<char> delimiter,
                     const Hierarchy& hierarchy) {
  if (wire_name == "INBOX") return wire_name;
  const auto parent = parent_of(wire_name, delimiter, hierarchy);
  std::string_view component = wire_name;
  if (parent) {
    component.remove_prefix(parent->size() + 1);
  } else if (component.starts_with(hierarchy.prefix)) {
    component.remove_prefix(hierarchy.prefix.size());
  }
  const auto decoded = imap::decode_modified_utf7(component);
  auto entry = decoded ? escape_component(*decoded, RawOctets::no)
                       : escape_component(component, RawOctets::yes);
  // `INBOX.INBOX` must not pass for the INBOX beside it.
  if (!parent && entry == "INBOX") entry = "%49NBOX";
  return entry;
}

}  // namespace

std::vector<std::string> missing_parents(const FolderTree::Rows& rows, const Hierarchy& hierarchy) {
  std::set<std::string> known;
  for (const auto& [id, row] : rows) known.insert(row.wire_name);
  std::vector<std::string> missing;
  for (const auto& [id, row] : rows) {
    auto parent = parent_of(row.wire_name, row.delimiter, hierarchy);
    while (parent && known.insert(*parent).second) {
      missing.push_back(*parent);
      parent = parent_of(missing.back(), row.delimiter, hierarchy);
    }
  }
  return missing;
}

FolderTree::FolderTree(const Rows& rows, const Hierarchy& hierarchy) {
  Folder root;
  root.id = kRoot;
  root.parent = kRoot;
  folders_.emplace(kRoot.value, std::move(root));
  for (const auto& [id, row] : rows) by_wire_name_.emplace(row.wire_name, id);
  for (const auto& [id, row] : rows) insert(id, row, hierarchy);
  for (auto& [id, folder] : folders_) {
    if (folder.id == kRoot) continue;
    folders_.at(folder.parent.value).children.push_back(folder.id);
  }
  for (auto& [id, folder] : folders_) std::ranges::sort(folder.children);
}

void FolderTree::insert(cache::MailboxId id, const cache::MailboxRow& row,
                        const Hierarchy& hierarchy) {
  Folder folder;
  folder.id = id;
  folder.parent = kRoot;
  if (const auto parent = parent_of(row.wire_name, row.delimiter, hierarchy)) {
    const auto found = by_wire_name_.find(*parent);
    if (found != by_wire_name_.end()) folder.parent = found->second;
  }
  folder.name = free_name(folder.parent, entry_of(row.wire_name, row.delimiter, hierarchy), id);
  folder.wire_name = row.wire_name;
  folder.delimiter = row.delimiter;
  folder.selectable = (row.attributes & no_select) == 0;
  folder.listed = (row.attributes & implicit) == 0;
  folder.may_have_folders = (row.attributes & no_inferiors) == 0;
  folder.is_trash = (row.attributes & for_trash) != 0;
  by_name_.emplace(std::pair{folder.parent.value, folder.name}, id);
  folders_.emplace(id.value, std::move(folder));
}

std::string FolderTree::free_name(cache::MailboxId parent, std::string name,
                                  cache::MailboxId id) const {
  // Only names that had to be shortened, or one mailbox under two spellings, can meet.
  if (!by_name_.contains(std::pair{parent.value, name})) return name;
  return fmt::format("{}%~{}", name.substr(0, 200), id.value);
}

const Folder* FolderTree::find(cache::MailboxId id) const {
  const auto found = folders_.find(id.value);
  return found == folders_.end() ? nullptr : &found->second;
}

const Folder* FolderTree::child(cache::MailboxId parent, std::string_view name) const {
  auto found = by_name_.find(std::pair{parent.value, std::string(name)});
  if (found == by_name_.end()) found = by_name_.find(std::pair{parent.value, composed(name)});
  return found == by_name_.end() ? nullptr : find(found->second);
}

const Folder* FolderTree::find_wire(std::string_view wire_name) const {
  const auto found = by_wire_name_.find(std::string(wire_name));
  return found == by_wire_name_.end() ? nullptr : find(found->second);
}

const Folder* FolderTree::find_trash() const {
  const Folder* trash = nullptr;
  for (const auto& [id, folder] : folders_) {
    // Of several the oldest, so that it is always the same.
    if (!folder.is_trash || !folder.selectable) continue;
    if (trash == nullptr || folder.id < trash->id) trash = &folder;
  }
  if (trash != nullptr) return trash;
  // Servers without SPECIAL-USE: what their web mail and the mail programs make.
  for (const auto* name :
       {"Trash", "Deleted Messages", "Deleted Items", "Deleted", "INBOX/Trash"}) {
    const auto* folder = find_path(name);
    if (folder != nullptr && folder->selectable) return folder;
  }
  return nullptr;
}

const Folder* FolderTree::find_path(std::string_view path) const {
  const auto* folder = find(kRoot);
  while (folder != nullptr && !path.empty()) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (!name.empty()) folder = child(folder->id, name);
  }
  return folder;
}

}  // namespace fs
