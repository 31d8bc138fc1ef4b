#pragma once
/// Translates what has changed in the account into what the kernel has to forget. Made for a mount,
/// shared with the mail for as long as it tells of something.

#include "fs/mail/mail_store.h"
#include "fs/tree/inode_map.h"
#include "fs/tree/kernel_cache.h"
#include "fs/tree/naming.h"

#include <memory>

namespace fs {

class Announcer : public ChangeSink {
 public:
  /// The mail must live as long as it tells of changes.
  Announcer(const MailStore& mail, Naming naming, std::shared_ptr<const InodeMap> inodes,
            std::shared_ptr<KernelCache> kernel);

  void messages_changed(cache::MailboxId mailbox, const std::vector<cache::MessageRow>& gone,
                        bool arrived) override;
  void name_changed(cache::MailboxId mailbox, const std::string& name) override;
  void folders_changed(const FolderTree& before, const FolderTree& after,
                       const std::vector<cache::MailboxId>& own) override;
  void will_be_read(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) override;

 private:
  const MailStore& mail_;
  const Naming naming_;
  const std::shared_ptr<const InodeMap> inodes_;
  const std::shared_ptr<KernelCache> kernel_;
};

}  // namespace fs
