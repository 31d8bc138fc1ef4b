#pragma once
/// Makes pending changes of one mailbox on the server: one batch, in one session, on its thread.
/// It may be repeated after it was cut off anywhere: what was done is found out, not done twice.
///
/// Never a plain EXPUNGE, and never a command ahead of the answer that it stands on (RFC 4315,
/// RFC 6851): what another client has marked \Deleted stays.

#include "fs/mail/aliases.h"
#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/folders.h"
#include "fs/mail/pending.h"
#include "imap/session/session.h"

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fs {

/// What a dispatch works on, and whom it tells. All must outlive it.
struct DispatchContext {
  const Backing& backing;
  Folders& folders;
  Changes& changes;
  Pending& pending;
  Aliases& aliases;
  /// The server has refused these changes, or they cannot be made any more: drops them, so that
  /// things are as they were, and tells of it.
  std::function<void(const std::vector<PendingChange>&, const std::exception_ptr&)> refused;
  /// A message is known under its new key: told before anybody can find it there.
  std::function<void(const MessageKey& from, const MessageKey& to)> moved;
};

class Dispatch {
 public:
  using Batch = std::vector<PendingChange>;

  Dispatch(const DispatchContext& context, imap::Session& session, cache::MailboxId mailbox)
      : context_(context), session_(session), mailbox_(mailbox) {}

  /// Ends or refuses each of the changes. When it throws, the connection is lost, or the server
  /// wants to be asked later: those that were neither are to be put back.
  void run(const Batch& batch);

 private:
  bool open(Batch& batch);
  void refuse(const Batch& some, const std::exception_ptr& error);
  /// As if the server had said NO with this code, and why.
  void refuse(const Batch& some, const std::string& code, const std::string& why);
  void end(const Batch& some);
  /// Runs a command about these changes. False when the server refused it, and them with it.
  bool try_for(const Batch& some, const std::function<void()>& command);

  // Flags: dispatch_flags.cpp
  void change_flags(const Batch& batch);
  void store_flags(const Batch& some, const FlagsEdit& edit);

  /// Makes one change of flags, and the cache what the server says they are then. False when the
  /// server refused it, and them with it.
  bool store(const Batch& some, const FlagsEdit& edit);

  // Removing. Those that return a batch return what has ended of it; the others were refused.
  void remove(const Batch& batch);
  void expunge_or_mark(const Batch& batch, DeletePolicy policy);
  /// Whether the open mailbox lets go of messages; else they are refused.
  bool can_delete(const Batch& some);
  /// Marks as deleted, and hides as long as they are that.
  Batch mark(const Batch& some);
  /// Marks and expunges, or only marks where the server cannot expunge one by one.
  Batch expunge(const Batch& some);
  /// Takes away the marks that were put there to expunge them.
  void unmark(const Batch& some);
  /// They have left the mailbox.
  void forget(const imap::UidSet& gone);

  // Moving: dispatch_moves.cpp
  struct Arrival {
    PendingChange change;
    cache::MessageRow row;  // as it was
  };
  void move(Batch some, const Folder& target);
  void move_at_once(const std::vector<Arrival>& some, const Folder& target);
  void copy_and_expunge(std::vector<Arrival> some, const Folder& target);
  /// Of where these are to go; nothing when the server does not tell, and then they are refused.
  std::optional<imap::StatusRow> status_of(const Folder& target, const Batch& some);
  /// The UIDs, in the mailbox that they come from, of those that were found.
  imap::UidSet settle(const std::vector<Arrival>& some, const Folder& target,
                      imap::UidSet candidates, imap::Uid from);
  /// Of the open mailbox.
  std::vector<cache::MessageRow> rows_of(const imap::UidSet& uids);
  imap::UidSet find_copies(const Arrival& arrival, const Folder& target);

  const DispatchContext& context_;
  imap::Session& session_;
  const cache::MailboxId mailbox_;
  std::string name_;  // the server's
};

/// The UIDs of the messages.
imap::UidSet uids_of(const std::vector<PendingChange>& changes);
std::vector<cache::RecordId> ids_of(const std::vector<PendingChange>& changes);
/// Of changes that have ended: what they were to be called elsewhere may stand for another message
/// now, or for none.
void tell_of_names(Changes& told, const std::vector<PendingChange>& changes);

}  // namespace fs
