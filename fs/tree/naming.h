#pragma once
/// How what is in the account is called and numbered in this mount. A plain value, any thread.

#include "fs/mail/file_names.h"
#include "fs/mail/folder_tree.h"
#include "fs/tree/inode_numbers.h"

#include <string>

namespace fs {

struct Naming {
  NameTemplate messages{NameTemplate::kDefault};
  /// The server's name of the mailbox at which the mount begins; empty: the whole account.
  std::string root_mailbox{};

  /// The folder at which the mount begins, if it is there.
  const Folder* root(const FolderTree& tree) const;
  Ino ino_of(const Folder& folder) const;
  std::string name_of(const cache::MessageRow& row) const;
};

}  // namespace fs
