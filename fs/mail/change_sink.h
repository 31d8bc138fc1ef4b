#pragma once
/// Whoever wants to know what has changed in the account, such as the mount, which must tell the
/// kernel. Told when the cache has it already, on a thread of the cache or of a connection: must
/// neither wait nor throw.

#include "cache/rows.h"
#include "fs/mail/folder_tree.h"

#include <cstdint>
#include <vector>

namespace fs {

class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  /// Messages of a mailbox that was listed before: those that have gone (their last rows), and
  /// whether others have come.
  virtual void messages_changed(cache::MailboxId mailbox,
                                const std::vector<cache::MessageRow>& gone, bool arrived) = 0;
  /// A name stands for another message, or for none any more.
  virtual void name_changed(cache::MailboxId mailbox, const std::string& name) = 0;
  /// Of the folders `own` the kernel is told otherwise: by the answer to what it has asked for.
  virtual void folders_changed(const FolderTree& before, const FolderTree& after,
                               const std::vector<cache::MailboxId>& own) = 0;
  /// Somebody reads the messages of a mailbox one after the other, and these soon. Their bodies are
  /// in the cache. May be told on a thread that reads.
  virtual void will_be_read(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) = 0;
};

}  // namespace fs
