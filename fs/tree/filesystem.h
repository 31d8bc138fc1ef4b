#pragma once
/// The account as a tree of files and directories, as the kernel sees it: inode numbers in, names,
/// attributes and octets out. Knows nothing of FUSE, so tests drive it directly. One object for
/// each mount; any thread may call it.
///
/// Errors are exceptions; errno_of turns each into what the kernel is told.

#include "fs/mail/mail_store.h"
#include "fs/tree/attributes.h"
#include "fs/tree/drafts.h"
#include "fs/tree/inode_map.h"
#include "fs/tree/naming.h"
#include "fs/tree/own_files.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

class Filesystem {
 public:
  struct Settings {
    Naming naming{};
    /// When the mount was made: the time of directories in which nothing has changed since.
    std::int64_t mounted_at = 0;
    Lifetimes lifetimes{};
    /// Makes the content of `.imapfs/status`; without it there is none. Any thread.
    OwnFiles::Content status{};
    /// Every change fails with EROFS.
    bool read_only = false;
    /// Where new files are until they are messages; without it nothing can be written.
    Drafts::Settings drafts{};
  };

  /// The mail must outlive the file system.
  Filesystem(MailStore& mail, Settings settings);

  const Naming& naming() const { return settings_.naming; }
  const Lifetimes& lifetimes() const { return settings_.lifetimes; }
  /// Which messages have other inode numbers than their own.
  std::shared_ptr<const InodeMap> inodes() const { return inodes_; }
  /// To be called once, when the folders are known: from now on changes are sent to the server. In
  /// words for people what cannot be sent of what an earlier mount has left.
  std::vector<std::string> begin_changes();
  bool is_read_only() const { return settings_.read_only; }

  /// The entry of that name, or nothing. Names that only programs look for are denied without
  /// asking the server.
  std::optional<Attributes> lookup(Ino parent, std::string_view name, Interrupt& interrupt);
  /// Waits only for the size of a message for which the server gave none. A message that has gone
  /// has attributes as long as it can be read, and no links.
  Attributes attributes(Ino ino, Interrupt& interrupt);

  /// To be called when a directory is entered: makes sure that its listing is fresh.
  void open_directory(Ino ino, Interrupt& interrupt);
  /// Whether nothing in a directory is on its way there or away: its listing changes by what is
  /// told to KernelCache alone.
  bool is_settled(Ino ino) const;
  using Entry = fs::Entry;
  /// Calls `add` with the entries behind `offset` (0: from the beginning) until it returns false or
  /// there are no more: `.` and `..`, folders, messages newest first. Offsets stay valid while the
  /// directory changes: nothing is skipped or repeated. Waits only when a first listing is running
  /// and nothing could be added yet.
  void read_directory(Ino ino, std::uint64_t offset, Interrupt& interrupt,
                      const std::function<bool(const Entry&)>& add);

  /// As MailStore::read, and of what the mount tells of itself.
  void read(Ino ino, std::uint64_t offset, std::uint64_t length, Interrupt& interrupt,
            const std::function<void(const MailStore::Piece&)>& consume);

  /// All of a message, if it is in the cache and not larger than that; never waits.
  std::optional<std::vector<std::byte>> cached_content(Ino ino, std::uint64_t most) const;

  // Changes: filesystem_folders.cpp, filesystem_changes.cpp

  /// A name in a directory; the name lives as long as the call.
  struct Place {
    Ino parent;
    std::string_view name;
  };
  /// Makes a folder. The call returns with the server's answer, as do the next two for folders.
  Attributes make_directory(Ino parent, std::string_view name, Interrupt& interrupt);
  /// Deletes a folder without messages and folders in it.
  void remove_directory(Ino parent, std::string_view name, Interrupt& interrupt);
  /// Renames or moves a folder with all that is in it, or a message. `flags` as renameat2(2) takes
  /// them.
  void rename(const Place& from, const Place& to, unsigned flags, Interrupt& interrupt);
  /// Deletes a message, as MailSettings::delete_policy says.
  void unlink(const Place& place, Interrupt& interrupt);
  /// Sets `user.imap.flags`: all flags, or those that are named with `+` or `-` before them. EINVAL
  /// for what is no flag, ENOTSUP for other attributes.
  void set_attribute(Ino ino, std::string_view name, std::string_view value, Interrupt& interrupt);
  /// The barrier: waits until the server has all changes of messages, and throws the first that was
  /// refused since the last barrier.
  void sync(Interrupt& interrupt);

  // New files: filesystem_drafts.cpp

  /// Makes a file, which is sent when it is closed. One of that name that is no message yet is
  /// emptied instead if `existing` says so. EPERM for what does not belong into a mailbox, and in a
  /// folder that holds no messages.
  enum class Existing { refused, kept, emptied };
  Attributes create(const Place& place, Existing existing, Interrupt& interrupt);
  enum class WriteAt { offset, end };
  /// EPERM for a message: mail does not change. `owner` is who writes, as far as the kernel tells.
  void write(Ino ino, std::uint64_t offset, std::span<const std::byte> octets, WriteAt where,
             Interrupt& interrupt, std::uint64_t owner = 0);
  /// Has the server take what it does not have of a new file, and throws why it does not. The
  /// barrier for everything else.
  void synchronise(Ino ino, Interrupt& interrupt);
  /// The same of a new file alone, when one of those who have it open has closed it. What was
  /// refused before is tried again for those who wrote it, not for readers, whose close must not
  /// fail.
  void flush(Ino ino, std::uint64_t owner, Interrupt& interrupt);
  struct AttributeChanges {
    std::optional<std::uint64_t> size{};
    std::optional<std::int64_t> time{};  // of modification, unix seconds
  };
  /// What tools do to every file that they have copied is accepted and changes nothing in a message
  /// or directory; a new file gets its time of arrival by it. EPERM for the size of a message.
  Attributes set_attributes(Ino ino, const AttributeChanges& changes, Interrupt& interrupt);
  void allocate(Ino ino, std::uint64_t offset, std::uint64_t length, Interrupt& interrupt);
  /// Makes an empty new file a copy of a message as a whole, of which nothing is fetched: the
  /// server copies it when the file is stored. How many octets that are. Of anything else
  /// EOPNOTSUPP, upon which programs read and write.
  struct Position {
    Ino ino;
    std::uint64_t offset = 0;
  };
  std::uint64_t copy(const Position& from, const Position& to, std::uint64_t length);
  /// Who made the file has closed it; the kernel has forgotten it.
  void released(Ino ino) { drafts_.release(ino); }
  void forgotten(Ino ino) { drafts_.forget(ino); }
  /// From now on `kernel` is told what to forget of new files.
  void announce_to(std::shared_ptr<KernelCache> kernel) { drafts_.announce_to(std::move(kernel)); }
  /// At the end of the mount; see Drafts::rescue.
  std::vector<std::string> rescue_drafts() const;

  struct Usage {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
  };
  /// Of what is known of the account; never waits.
  Usage usage() const;

  // Extended attributes: extended_attributes.cpp

  std::vector<std::string> attribute_names(Ino ino) const;
  /// Throws ENODATA where there is none of that name.
  std::string attribute(Ino ino, std::string_view name) const;

 private:
  Folder folder(Ino ino) const;
  /// Where a new file is; throws when it cannot be there.
  Drafts::Place draft_place(const Place& place) const;
  /// What these do with a new file; false: there is none of that name. For one that gets a name
  /// under which it is sent, or that replaces a message, the server's answer is waited for.
  bool rename_draft(const Place& from, const Place& to, unsigned flags, Interrupt& interrupt);
  bool unlink_draft(const Place& place, Interrupt& interrupt);
  void finish_move(const MessageKey& key, Interrupt& interrupt);
  static Attributes attributes_of(const Draft& draft);
  std::optional<Attributes> find_draft(const Folder& directory, std::string_view name) const;
  std::filesystem::path path_of(MailboxId folder) const;
  Attributes attributes_of(const Folder& folder) const;
  Attributes attributes_of(cache::MailboxId mailbox, const cache::MessageRow& row) const;
  /// Of a file that somebody may still have open.
  Attributes attributes_of_departed(const MessageKey& key, Ino ino) const;
  /// The same, with a size in any case.
  Attributes sized_attributes_of(cache::MailboxId mailbox, const cache::MessageRow& row,
                                 Interrupt& interrupt);

  /// Throws unless something may be changed there.
  void check_changeable(Ino directory) const;
  void check_changeable(const Place& place) const;
  void rename_message(const Place& from, const Place& to, unsigned flags, Interrupt& interrupt);
  std::optional<MessageKey> message_of(Ino ino) const { return inodes_->message_of(ino); }
  /// The message of that name in a folder.
  std::optional<MessageKey> find_message(const Folder& directory, std::string_view name,
                                         Interrupt& interrupt);
  Attributes attributes_of_message(const MessageKey& key, Ino ino, Interrupt& interrupt);
  std::string shown_name(cache::MailboxId mailbox, const cache::MessageRow& row) const;
  void check_replaceable(const Place& from, const Place& to, const Folder& directory,
                         const MessageKey& replaced) const;

  MailStore& mail_;
  const Settings settings_;
  OwnFiles own_;
  const std::shared_ptr<InodeMap> inodes_ = std::make_shared<InodeMap>();
  Drafts drafts_;
};

}  // namespace fs
