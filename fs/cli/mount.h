#pragma once
/// Everything that one mount is made of, in the order of who stands on whom. Owned by the mount
/// command, made after the fork, because neither threads nor LMDB survive one.

#include "cache/journal.h"
#include "cache/store.h"
#include "fs/cli/mount_options.h"
#include "fs/cli/recent_errors.h"
#include "fs/cli/status_json.h"
#include "fs/fuse/fuse_session.h"
#include "fs/mail/mail_store.h"
#include "fs/tree/announcer.h"
#include "fs/tree/filesystem.h"
#include "imap/base/secret.h"
#include "imap/base/trace.h"
#include "imap/net/network_watch.h"
#include "imap/net/tls_context.h"
#include "imap/pool/pool.h"
#include "imap/session/endpoint.h"
#include "imap/session/sasl/token_source.h"

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>

namespace fs {

class Mount {
 public:
  /// Opens the cache, logs in, and asks for the folders, so that whatever is wrong is known before
  /// anything is mounted. Throws what describes it in one line. `stop` ends the waiting. A server
  /// that cannot be reached is no obstacle where the cache has the folders: see `notice`.
  Mount(const MountOptions& options, imap::Secret password, const std::stop_token& stop,
        std::shared_ptr<RecentErrors> errors);
  /// Ends the connections and closes the cache; the file system must not be used any more.
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  Filesystem& filesystem() { return *filesystem_; }
  /// What the user should know at the start, in one line; or empty.
  const std::string& notice() const { return notice_; }
  /// From now on the kernel is told what to forget.
  void announce_to(std::shared_ptr<KernelCache> kernel);
  /// Waits until the server has what was changed here; what is left then is kept for the next
  /// mount, and the log says so. `stop` ends the waiting.
  void finish_changes(const std::stop_token& stop);
  /// Says goodbye to the server. Whoever waits for it fails: the mount is about to end.
  void disconnect() { pool_->stop(); }

 private:
  void load_folders(const std::stop_token& stop);
  void state_changed(bool online, const std::string& reason);
  std::unique_ptr<imap::Session> connect(unsigned number) const;
  imap::Secret fetch_token(const std::string& command) const;
  std::string root_mailbox(const std::string& path) const;
  std::string status_json(MountStatus known) const;

  const imap::Endpoint endpoint_;
  imap::TokenSource tokens_;
  const imap::Login login_;
  const imap::Trace trace_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<RecentErrors> errors_;
  std::string notice_;
  imap::WakeFd abort_;
  mutable imap::Progress progress_;
  std::unique_ptr<imap::TlsContext> tls_;
  std::unique_ptr<cache::Store> cache_;
  std::unique_ptr<cache::Journal> journal_;
  std::unique_ptr<imap::Pool> pool_;
  std::unique_ptr<imap::NetworkWatch> network_watch_;
  std::unique_ptr<MailStore> mail_;
  /// For the connections, which begin before it is made.
  std::atomic<MailStore*> mail_ready_ = nullptr;
  std::unique_ptr<Filesystem> filesystem_;
};

}  // namespace fs
