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

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fs {

class Folders {
 public:
  /// Told of each list from the server, which has the mailboxes' counts where that costs nothing,
  /// on the connection's thread.
  using OnListed = std::function<void(imap::Session&, const std::vector<imap::ListRow>&)>;

  Folders(Backing backing, StaleWait& stale_wait, Changes& changes, OnListed on_listed)
      : backing_(std::move(backing)),
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
  /// The cache's mailboxes have been changed, such as one that has another id now because its
  /// UIDVALIDITY is another.
  void reread();

  // Changes made through this mount: folders_edit.cpp

  /// Where the user's own folders are.
  Hierarchy hierarchy() const;
  /// While one lives, and a change of folders is under way, no list from the server is taken, nor
  /// one that was asked for before its end: it may tell of what was. Any thread.
  class Changing {
   public:
    explicit Changing(Folders& folders);
    /// Asks for the list again if one was passed over.
    ~Changing();
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;

   private:
    Folders& folders_;
  };
  /// Folders that an edit has made, moved or erased, of which whoever asked for it is told by its
  /// outcome.
  using Own = std::vector<cache::MailboxId>;
  /// Runs `work` on the cache's mailboxes, commits, and publishes them as they are then. Works are
  /// published in the order in which they are committed. `is_awaited` is asked just before: if
  /// nobody waits any more, all are told of `Own`, too. Throws what the work threw.
  void edit(const std::function<Own(cache::Edit&)>& work,
            const std::function<bool()>& is_awaited = {});
  /// A directory that the server may forget when what was in it has gone, and that is to stay all
  /// the same until it is removed, as directories do: for as long as the mount lives, unless the
  /// server lists it.
  void keep_empty(const std::string& wire_name);
  /// Whether it was kept.
  bool forget_empty(const std::string& wire_name);

 private:
  using Clock = imap::Deadline::Clock;
  struct State {
    FolderTree::Rows rows;
    Hierarchy hierarchy;
    std::shared_ptr<const FolderTree> tree = std::make_shared<FolderTree>();
    std::optional<Clock::time_point> loaded;
    std::optional<imap::Ticket> loading;
    Clock::time_point loading_since{};
    unsigned changing = 0;
    std::uint64_t changes = 0;   // that have come to their end
    bool missed = false;         // a list was passed over
    std::set<std::string> kept;  // empty directories that the server need not have
  };

  imap::Ticket request();
  /// What a list has come to be when it is there.
  enum class Outcome { taken, outdated };
  void list(imap::Session& session);
  Outcome list_once(imap::Session& session);
  /// Runs `work`, and publishes what it returns on the cache's thread, unless that is nothing.
  struct Edited {
    FolderTree::Rows rows;
    std::optional<Hierarchy> hierarchy;
    Own own;
  };
  void commit(const std::function<std::optional<Edited>(cache::Edit&)>& work,
              const std::function<bool()>& is_awaited = {});
  void publish(Edited edited);

  const Backing backing_;
  StaleWait& stale_wait_;
  Changes& changes_;
  const OnListed on_listed_;
  imap::Synchronized<State> state_;
};

}  // namespace fs
