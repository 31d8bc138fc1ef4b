#pragma once
/// Makes, removes and renames folders, at the server and then in the cache. Part of MailStore; any
/// thread.
///
/// Each call is one job and returns with the server's answer. Whoever waits may leave: the job
/// brings the cache, the tree and the kernel in line all the same. A job whose connection broke
/// runs again, and looks first whether the server has done what it was asked for.
///
/// Throws ChangeRefusedError, NotFoundError and StaleError besides what the connection throws.

#include "fs/mail/backing.h"
#include "fs/mail/folders.h"
#include "fs/mail/interrupt.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fs {

class FolderChanges {
 public:
  FolderChanges(Backing backing, Folders& folders)
      : backing_(std::move(backing)), folders_(folders) {}

  /// Makes and subscribes a folder; its id.
  cache::MailboxId create(cache::MailboxId parent, std::string_view entry, Interrupt& interrupt);
  /// Deletes a folder in which there are neither messages nor folders. The server deletes what
  /// arrives between the last look and that, too (RFC 9051 6.3.5).
  void remove(cache::MailboxId folder, Interrupt& interrupt);
  enum class Replace { no, yes };
  /// Renames or moves a folder with all that is in it. Ids and what is cached stay where the server
  /// keeps UIDVALIDITY, and so do subscriptions. With Replace::yes an empty folder that is there is
  /// removed first.
  void rename(cache::MailboxId folder, cache::MailboxId parent, std::string_view entry,
              Replace replace, Interrupt& interrupt);

 private:
  /// One change, shared by its job and by whoever waits for it.
  struct Change;
  struct Move;
  using Run = std::function<void(imap::Session&, Change&)>;

  /// Throws unless it is there.
  static const Folder& found(const FolderTree& tree, cache::MailboxId id);
  std::string name_for(const FolderTree& tree, cache::MailboxId parent,
                       std::string_view entry) const;
  /// Has a connection run the change, and waits.
  void perform(const std::string& what, Run run, Interrupt& interrupt);
  void edit(Change& change, const std::function<Folders::Own(cache::Edit&)>& work);
  /// A directory that holds no messages stays when the last folder in it has gone.
  void keep_parent(const std::string& wire_name, char delimiter);

  void create_now(imap::Session& session, Change& change, const std::string& name);
  void remove_now(imap::Session& session, Change& change, const Folder& folder);
  /// At the server alone: false when it was not there.
  bool delete_empty(imap::Session& session, Change& change, const Folder& folder);

  // folder_rename.cpp
  void rename_now(imap::Session& session, Change& change, const Move& move);
  void rename_at_server(imap::Session& session, Change& change, const Move& move);
  void take_over(imap::Session& session, Change& change, const Move& move);
  static void move_subscriptions(imap::Session& session, Change& change, const Move& move);

  const Backing backing_;
  Folders& folders_;
};

}  // namespace fs
