#pragma once
/// Brings what has changed at the server into the cache, and tells of it afterwards. The one way by
/// which messages leave a listing. Part of MailStore; any thread.

#include "cache/store.h"
#include "fs/mail/change_sink.h"
#include "fs/mail/departed.h"
#include "fs/mail/flags_edit.h"
#include "imap/base/synchronized.h"
#include "imap/base/uid_set.h"
#include "imap/session/updates.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fs {

class Changes {
 public:
  /// Told of folders that have another name at the server now, the old and the new one.
  using OnRenamed = std::function<void(cache::MailboxId, const std::string&, const std::string&)>;

  /// Told of messages that have gone.
  using OnGone = std::function<void(cache::MailboxId, const std::vector<std::uint32_t>&)>;

  Changes(cache::Store& cache, OnRenamed on_renamed, OnGone on_gone)
      : cache_(cache), on_renamed_(std::move(on_renamed)), on_gone_(std::move(on_gone)) {}

  /// From now on `sink` is told, and shared for as long as a call lasts; null: nobody.
  void announce_to(std::shared_ptr<ChangeSink> sink);

  /// Queues that these messages have gone, as far as there are any in the cache.
  void erase(cache::MailboxId mailbox, const imap::UidSet& uids);
  /// What is right when several connections tell of one message: the later mod-sequence, or, when
  /// the mailbox is an older one than before, in any case this.
  enum class Rule { later, latest_told };
  /// Queues new flags of messages. Those that are not in the cache are passed over.
  void put_flags(cache::MailboxId mailbox, const std::map<imap::Uid, imap::FlagUpdate>& flags,
                 Rule rule = Rule::later);
  /// Without mod-sequences nobody knows whether flags that were asked for are older than what this
  /// mount has stored meanwhile: said before and after it stores any.
  void storing(cache::MailboxId mailbox);
  std::uint64_t stored(cache::MailboxId mailbox) const;
  /// The same as `put_flags`, but for nothing where some were stored since `stored` was this.
  void put_flags_unless_stored(cache::MailboxId mailbox,
                               const std::map<imap::Uid, imap::FlagUpdate>& flags,
                               std::uint64_t stored);
  /// Rows are put or erased that no comparison has found: what the server counts says nothing of
  /// the others then, and the next comparison has to look at every UID. Not where the server names
  /// what has gone (QRESYNC). With a UIDVALIDITY, a mailbox that was never opened gets it: one that
  /// has messages of an unknown UIDVALIDITY would begin anew.
  static void put_ahead(cache::Edit& edit, cache::MailboxId mailbox,
                        std::uint64_t uid_validity = 0);
  /// Queues a change of the flags that are known of messages.
  void edit_flags(cache::MailboxId mailbox, const imap::UidSet& uids, const FlagsEdit& edit);
  /// The body of a message that went while it was fetched: whoever began to read it can read on.
  void keep(const MessageKey& key, const Departed::Message& message);
  /// Messages have come to a mailbox that was listed before; their rows are committed.
  void arrived(cache::MailboxId mailbox);
  /// See ChangeSink.
  void name_changed(cache::MailboxId mailbox, const std::string& name);
  void will_be_read(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids) const;
  void folders(const FolderTree& before, const FolderTree& after,
               const std::vector<cache::MailboxId>& own);

  /// When messages were last seen to come or go since the mount, in unix seconds.
  std::optional<std::int64_t> last(cache::MailboxId mailbox) const;
  const Departed& departed() const { return departed_; }

 private:
  using Rows = std::vector<cache::MessageRow>;

  void put_flags(cache::MailboxId mailbox, const std::map<imap::Uid, imap::FlagUpdate>& flags,
                 const std::function<bool(const cache::Edit&, imap::Uid, imap::ModSeq)>& skip);

  void announce(cache::MailboxId mailbox, const Rows& gone, bool arrived);
  std::shared_ptr<ChangeSink> sink() const;

  cache::Store& cache_;
  const OnRenamed on_renamed_;
  const OnGone on_gone_;
  Departed departed_;
  imap::Synchronized<std::shared_ptr<ChangeSink>> sink_;
  imap::Synchronized<std::unordered_map<std::uint32_t, std::int64_t>> last_;
  imap::Synchronized<std::unordered_map<std::uint32_t, std::uint64_t>> stored_;
};

}  // namespace fs
