#pragma once
/// Files that were made here and that are no messages yet, or were until a moment ago. A draft has
/// a name and is listed; when it is closed it is sent, and its inode number and its name go on as
/// those of the message. One that the server does not take stays what it is until it is taken,
/// removed, or the mount ends. Any thread; only `store` and what says so waits for the server.

#include "fs/mail/mail_store.h"
#include "fs/tree/attributes.h"
#include "fs/tree/draft.h"
#include "fs/tree/inode_map.h"
#include "fs/tree/kernel_cache.h"
#include "imap/base/synchronized.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fs {

class Drafts {
 public:
  struct Settings {
    /// Where their content is as long as they live. Empty: there are no drafts.
    std::filesystem::path directory{};
    /// Where those are put that are left at the end. Made when it is needed.
    std::filesystem::path lost{};
  };
  /// A name in a folder.
  struct Place {
    MailboxId folder;
    std::string name;
    auto operator<=>(const Place&) const = default;
  };
  /// Those that were stored are kept for who goes on writing, but not more of them than these: the
  /// oldest leave first, and the newest never.
  static constexpr std::size_t kMostStored = 32;
  static constexpr std::uint64_t kMostStoredBytes = std::uint64_t{256} << 20U;

  /// All must outlive the drafts; the pool must have been stopped before they are destroyed.
  Drafts(MailStore& mail, InodeMap& inodes, Settings settings);

  bool are_possible() const { return !settings_.directory.empty(); }
  /// From now on `kernel` is told what to forget.
  void announce_to(std::shared_ptr<KernelCache> kernel);

  /// A new one, empty.
  std::shared_ptr<Draft> create(const Place& place);
  /// The one of that name, unless it is a message by now.
  std::shared_ptr<Draft> find(const Place& place) const;
  /// The one of that number, as long as what it holds is not what the server has: one that was
  /// removed too, for who has it open.
  std::shared_ptr<Draft> find(Ino ino) const;
  /// To be written to: that may be one that was stored before. A copy gets its content.
  std::shared_ptr<Draft> find_writable(Ino ino, Interrupt& interrupt);
  /// Gives a draft that is a copy the content of the message, which may have to be fetched.
  void materialise(Draft& draft, Interrupt& interrupt);
  std::optional<Place> place_of(Ino ino) const;
  /// Those in a folder with a serial number above `after`, ascending, until `visit` returns false.
  void visit(MailboxId folder, std::uint32_t after,
             const std::function<bool(const std::string& name, const Draft& draft)>& visit) const;

  /// Has the server take what it does not have of a draft, and waits; throws why it does not. For
  /// one that is empty, was removed, or is scratch, nothing happens.
  void store(const std::shared_ptr<Draft>& draft, Interrupt& interrupt);
  /// The same for who closes the file: where the server is certain to take it, the journal keeps
  /// it, nobody waits, and the outbox sends it.
  void close(const std::shared_ptr<Draft>& draft, Interrupt& interrupt);
  enum class Wait { always, if_doubtful };
  /// As `store`, at another place and in place of a message of that folder. The draft moves when it
  /// has worked.
  void store_at(const std::shared_ptr<Draft>& draft, const Place& place,
                std::optional<Uid> replaces, Interrupt& interrupt, Wait wait = Wait::always);
  /// Waits until nobody is storing it. One that waits to be sent is taken back.
  void wait_until_idle(const Draft& draft, Interrupt& interrupt) const;

  /// Another draft of that name is removed. Nothing is sent.
  void move(Draft& draft, const Place& place);
  void remove(Draft& draft);
  /// The kernel has closed or forgotten the file: nobody goes on writing to it.
  void release(Ino ino);
  void forget(Ino ino);

  /// Takes on what an earlier mount has left in the journal, and has it sent. What cannot be taken
  /// on is put where `lost` says and told of in words for people.
  std::vector<std::string> adopt();
  /// At the end of the mount: puts what the server does not have and the journal neither where
  /// `lost` says, and tells of each in words for people. `path_of` gives the path of a folder.
  std::vector<std::string> rescue(
      const std::function<std::filesystem::path(MailboxId)>& path_of) const;

 private:
  enum class Stage { draft, stored, reopened, removed };
  struct Entry {
    std::shared_ptr<Draft> draft;
    Place place;
    Stage stage = Stage::draft;
  };
  struct Table {
    std::uint32_t last = 0;
    std::map<std::uint32_t, Entry> entries;                     // by serial number
    std::map<Place, std::uint32_t> names;                       // of those in stage `draft`
    std::list<std::pair<std::uint32_t, std::uint64_t>> stored;  // and their sizes, oldest first
  };

  void deliver(const std::shared_ptr<Draft>& draft, const Draft::Version& version,
               const Place& place, std::optional<Uid> replaces, Interrupt& interrupt, Wait wait);
  /// Begins to store it: sends it, or has the message copied that it is a copy of; null when it was
  /// left to the outbox.
  std::shared_ptr<Delivery> start(const std::shared_ptr<Draft>& draft,
                                  const Draft::Version& version, const Place& place,
                                  std::optional<Uid> replaces, Interrupt& interrupt, Wait wait);
  Delivery::OnEnd on_end_of(const std::shared_ptr<Draft>& draft, const Draft::Version& version,
                            const Place& place);
  std::optional<Place> storable_place(const Draft& draft) const;
  /// The journal need not keep it any more.
  void drop_letter(Draft& draft);
  MessageKey find_original(Ino ino, Interrupt& interrupt);
  std::shared_ptr<Draft> reopen(Ino ino);
  void settle(Draft& draft, const Draft::Version& version, const Place& place,
              const MessageKey& key);
  static void drop_oldest(Table& table);
  std::optional<Entry> entry(Ino ino) const;
  bool adopt(LetterId id, const cache::LetterRow& row, const std::shared_ptr<Draft>& draft);
  Ino next_ino();
  std::shared_ptr<Draft> insert(const Place& place, const std::shared_ptr<Draft>& draft);
  std::filesystem::path save(const Entry& entry, const std::filesystem::path& folder) const;

  MailStore& mail_;
  InodeMap& inodes_;
  const Settings settings_;
  imap::Synchronized<Table> table_;
  imap::Synchronized<std::shared_ptr<KernelCache>> kernel_;
};

}  // namespace fs
