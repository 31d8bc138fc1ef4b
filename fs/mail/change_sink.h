#pragma once
/// Whoever wants to know what has changed in the account, such as the mount, which must tell the
/// kernel. Told when the cache has it already, on a thread of the cache or of a connection: must
/// neither wait nor throw.

#include "cache/rows.h"
#include "fs/mail/folder_tree.h"

#include <vector>

namespace fs {

class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  /// Messages of a mailbox that was listed before: those that have gone (their last rows), and
  /// whether others have come.
  virtual void messages_changed(cache::MailboxId mailbox,
                                const std::vector<cache::MessageRow>& gone, bool arrived) = 0;
  /// Of the folders `own` the kernel is told otherwise: by the answer to what it has asked for.
  /// A message does not come under this name after all.
  virtual void name_gone(cache::MailboxId mailbox, const std::string& name) = 0;
  virtual void folders_changed(const FolderTree& before, const FolderTree& after,
                               const std::vector<cache::MailboxId>& own) = 0;
};

}  // namespace fs
