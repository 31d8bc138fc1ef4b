#include "fs/tree/announcer.h"

#include <fmt/format.h>

#include <utility>

namespace fs {

Announcer::Announcer(const MailStore& mail, Naming naming, std::shared_ptr<KernelCache> kernel)
    : mail_(mail), naming_(std::move(naming)), kernel_(std::move(kernel)) {}

void Announcer::messages_changed(cache::MailboxId mailbox,
                                 const std::vector<cache::MessageRow>& gone, bool /*arrived*/) {
  const auto tree = mail_.folders();
  const auto* folder = tree->find(mailbox);
  if (folder == nullptr) return;
  const auto directory = naming_.ino_of(*folder);
  for (const auto& row : gone) {
    const auto ino = fs::ino_of(mailbox, imap::Uid{row.uid});
    const auto plain = fmt::format("{}.eml", row.uid);
    auto name = naming_.name_of(row);
    if (name != plain) kernel_->entry_gone(directory, ino, std::move(name));
    kernel_->entry_gone(directory, ino, plain);
  }
  kernel_->attributes_changed(directory);
}

void Announcer::folders_changed(const FolderTree& before, const FolderTree& after) {
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
    // One that has moved lives on under another name.
    if (after.find(folder.id) != nullptr) {
      kernel_->entry_changed(parent, folder.name);
    } else {
      kernel_->entry_gone(parent, naming_.ino_of(folder), folder.name);
    }
    kernel_->attributes_changed(parent);
  }
  for (const auto& [id, folder] : after.all()) {
    if (folder.id == FolderTree::kRoot || is_same(folder, before.find(folder.id))) continue;
    const auto parent = parent_in(after, folder);
    // The kernel may remember that there was none.
    kernel_->entry_changed(parent, folder.name);
    kernel_->attributes_changed(parent);
  }
}

}  // namespace fs
