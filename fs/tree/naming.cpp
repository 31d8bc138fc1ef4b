#include "fs/tree/naming.h"

namespace fs {

const Folder* Naming::root(const FolderTree& tree) const {
  if (root_mailbox.empty()) return tree.find(FolderTree::kRoot);
  return tree.find_wire(root_mailbox);
}

Ino Naming::ino_of(const Folder& folder) const {
  const bool is_root =
      root_mailbox.empty() ? folder.id == FolderTree::kRoot : folder.wire_name == root_mailbox;
  return is_root ? kRootIno : fs::ino_of(folder.id);
}

std::string Naming::name_of(const cache::MessageRow& row) const {
  return messages.name({row.sent, row.from_name, row.from_address, row.subject, row.uid});
}

}  // namespace fs
