#pragma once
/// The account's folders: the list that the server gave last, kept in the cache. Part of MailStore;
/// any thread.

#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/folder_tree.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/stale_wait.h"
#include "imap/base/synchronized.h"
#include "imap/session/session.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fs {

class Folders {
 public:
  /// Told of each list from the server, which has the mailboxes' counts where that costs nothing,
  /// on the connection's thread.
  using OnListed = std::function<void(imap::Session&, const std::vector<imap::ListRow>&)>;

  Folders(const Backing& backing, StaleWait& stale_wait, Changes& changes, OnListed on_listed)
      : backing_(backing),
        stale_wait_(stale_wait),
        changes_(changes),
        on_listed_(std::move(on_listed)) {}

  /// Takes the list that was kept in the cache. Whether there is one.
  bool recall();
  /// As they are known now; never waits.
  std::shared_ptr<const FolderTree> tree() const;
  /// Asks the server and waits for its answer.
  void load(Interrupt& interrupt, std::chrono::milliseconds patience);
  /// Asks the server without waiting.
  void refresh() { request(); }
  /// Makes sure that the list is fresh, or at least being freshened.
  void freshen(Interrupt& interrupt);
  /// The server's name of a mailbox. StaleError when it is gone or holds no messages.
  std::string wire_name(cache::MailboxId mailbox) const;
  /// The server does not open this mailbox. Looks for its folders again, and throws StaleError if
  /// the mailbox is not there any more. On the session's thread.
  void refused(imap::Session& session, const std::string& wire_name);
  /// The mailbox has another id now, because its UIDVALIDITY is another.
  void replace(cache::MailboxId old, cache::MailboxId fresh);

 private:
  using Clock = imap::Deadline::Clock;
  struct State {
    FolderTree::Rows rows;
    Hierarchy hierarchy;
    std::shared_ptr<const FolderTree> tree = std::make_shared<FolderTree>();
    std::optional<Clock::time_point> loaded;
    std::optional<imap::Ticket> loading;
    Clock::time_point loading_since{};
  };

  imap::Ticket request();
  void list(imap::Session& session);
  void publish(FolderTree::Rows rows, const std::optional<Hierarchy>& hierarchy);

  const Backing backing_;
  StaleWait& stale_wait_;
  Changes& changes_;
  const OnListed on_listed_;
  imap::Synchronized<State> state_;
};

}  // namespace fs
