#include "fs/tree/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace fs {

Announcer::Announcer(const MailStore& mail, Naming naming, std::shared_ptr<const InodeMap> inodes,
                     std::shared_ptr<KernelCache> kernel)
    : mail_(mail),
      naming_(std::move(naming)),
      inodes_(std::move(inodes)),
      kernel_(std::move(kernel)) {}

void Announcer::messages_changed(cache::MailboxId mailbox,
                                 const std::vector<cache::MessageRow>& gone, bool /*arrived*/) {
  const auto tree = mail_.folders();
  const auto* folder = tree->find(mailbox);
  if (folder == nullptr) return;
  const auto directory = naming_.ino_of(*folder);
  for (const auto& row : gone) {
    const MessageKey key{mailbox.value, row.uid};
    // One that was moved lives on elsewhere, and its number with it.
    const bool is_moved = inodes_->has_left(key);
    std::set<std::string> names{fmt::format("{}.eml", row.uid), naming_.name_of(row)};
    if (auto chosen = mail_.aliases().shown(mailbox, imap::Uid{row.uid})) {
      names.insert(std::move(*chosen));
    }
    for (const auto& name : names) {
      is_moved ? kernel_->entry_changed(directory, name)
               : kernel_->entry_gone(directory, inodes_->ino_of(key), name);
    }
  }
  kernel_->directory_changed(directory);
}

void Announcer::name_changed(cache::MailboxId mailbox, const std::string& name) {
  const auto tree = mail_.folders();
  const auto* folder = tree->find(mailbox);
  if (folder == nullptr) return;
  const auto directory = naming_.ino_of(*folder);
  kernel_->entry_changed(directory, name);
  kernel_->directory_changed(directory);
}

void Announcer::folders_changed(const FolderTree& before, const FolderTree& after,
                                const std::vector<cache::MailboxId>& own) {
  // What the kernel has changed itself must not be forgotten: whoever is in a directory that was
  // just renamed would be nowhere.
  const auto is_own = [&own](const Folder& folder) {
    return std::ranges::find(own, folder.id) != own.end();
  };
  const auto parent_in = [this](const FolderTree& tree, const Folder& folder) {
    const auto* parent = tree.find(folder.parent);
    return parent == nullptr ? kRootIno : naming_.ino_of(*parent);
  };
  const auto is_same = [](const Folder& one, const Folder* other) {
    return other != nullptr && other->parent == one.parent && other->name == one.name;
  };
  for (const auto& [id, folder] : before.all()) {
    if (folder.id == FolderTree::kRoot || is_same(folder, after.find(folder.id))) continue;
    const auto parent = parent_in(before, folder);
    if (is_own(folder)) {
      kernel_->directory_changed(parent);
      continue;
    }
    // One that has moved lives on under another name.
    if (after.find(folder.id) != nullptr) {
      kernel_->entry_changed(parent, folder.name);
    } else {
      kernel_->entry_gone(parent, naming_.ino_of(folder), folder.name);
    }
    kernel_->directory_changed(parent);
  }
  for (const auto& [id, folder] : after.all()) {
    if (folder.id == FolderTree::kRoot || is_same(folder, before.find(folder.id))) continue;
    const auto parent = parent_in(after, folder);
    // The kernel may remember that there was none.
    if (!is_own(folder)) kernel_->entry_changed(parent, folder.name);
    kernel_->directory_changed(parent);
  }
}

void Announcer::will_be_read(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) {
  for (const auto uid : uids) kernel_->will_be_read(inodes_->ino_of({mailbox.value, uid}));
}

}  // namespace fs
