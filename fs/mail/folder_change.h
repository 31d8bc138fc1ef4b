#pragma once
/// What the jobs of FolderChanges have in common.

#include "fs/mail/folder_changes.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

struct FolderChanges::Change {
  /// The command has gone out, and no answer has come: it may have been done. Of the job alone.
  bool sent = false;
  /// The names, before a renaming, that were subscribed. Likewise.
  std::set<std::string> subscribed;

  /// Who tells the kernel: the answer to what it has asked for, or we because nobody waits.
  enum class Waiter { waits, has_left, was_served };
  std::atomic<Waiter> waiter{Waiter::waits};
};

struct FolderChanges::Move {
  std::string from;
  std::string to;
  std::optional<char> delimiter;
  std::optional<Folder> replaced;

  /// What a mailbox at or below `from` is called afterwards; nothing for others.
  std::optional<std::string> moved(std::string_view name) const;
};

/// Whether a mailbox is below another.
bool is_below(std::string_view name, std::string_view other, std::optional<char> delimiter);

const imap::ListRow* row_of(const std::vector<imap::ListRow>& listed, std::string_view name);

/// Many servers say why they refuse for people alone (Cyrus: `NO Mailbox already exists`). Throws
/// what it means that these are there or not, or the refusal itself when that tells nothing.
[[noreturn]] void explain(imap::Session& session, const imap::CommandError& refusal,
                          const std::string& must_be_there, const std::string& must_not_be_there);

/// A folder that is not subscribed is there all the same.
void try_subscribe(imap::Session& session, const std::string& name,
                   imap::Session::Subscription subscription);

}  // namespace fs
