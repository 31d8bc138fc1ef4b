#pragma once
/// The content of a file that is being written, and how much of it the server has. Shared by those
/// who have the file open and the connection that stores it; any thread. Its lock is that of a
/// file: it is held while the disk is used, and never while the server is waited for.

#include "fs/mail/delivery.h"
#include "fs/mail/message_key.h"
#include "fs/mail/outgoing.h"
#include "fs/mail/spool.h"
#include "fs/tree/inode_numbers.h"
#include "imap/base/synchronized.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace fs {

class Draft {
 public:
  Draft(Ino ino, std::filesystem::path directory);

  Ino ino() const { return ino_; }
  std::uint64_t size() const;
  /// Of the last write, or what it was set to since; unix seconds.
  std::int64_t time() const;
  void set_time(std::int64_t time);
  /// At most `length` octets.
  std::string read(std::uint64_t offset, std::uint64_t length) const;
  /// Not of a copy, nor what changes its content: see `give_content`. `writer` is who does it, as
  /// the kernel tells owners apart; 0: it did not say.
  void write(std::uint64_t offset, std::span<const std::byte> octets, std::uint64_t writer = 0);
  /// Behind the last octet, wherever that is.
  void append(std::span<const std::byte> octets, std::uint64_t writer = 0);
  /// A copy is to have its content before, unless `size` is 0.
  void truncate(std::uint64_t size);
  void allocate(std::uint64_t offset, std::uint64_t length);
  void save_as(const std::filesystem::path& path) const;

  // A copy of a message, of which nothing is here

  struct Original {
    Ino ino;
    std::uint64_t size = 0;
  };
  /// Makes it one. False when it is not empty, or was stored before.
  bool become_copy(const Original& original);
  /// Of which message it is a copy.
  std::optional<Original> original() const;
  /// Here is what the message holds: from now on it is a file like others. Nothing happens when it
  /// is already.
  void give_content(std::shared_ptr<Spool> content);

  /// There is something that the server does not have.
  bool is_unsent() const;
  /// Whether somebody who closes it hears what comes of it: not who has only read what was tried
  /// in vain before.
  bool concerns(std::uint64_t who) const;
  /// The message that it was stored as last.
  std::optional<MessageKey> stored() const;

  // What the journal has of it

  /// Of this version, or of an earlier one.
  std::optional<LetterId> letter() const;
  /// Whether it is what the file holds now.
  bool is_in_journal() const;

  // Storing: by one at a time.

  /// What is to be stored: nobody changes this content any more.
  struct Version {
    std::shared_ptr<const Spool> content;
    std::optional<Original> original;  // of a copy, in place of the content
    std::uint64_t number = 0;
    std::int64_t time = 0;
    std::optional<MessageKey> stored;  // the version before
    std::optional<Uid> doubtful_from;  // see Delivery
  };
  /// The version that the caller has to store, and of which it has to say `ended`; or the end of
  /// the storing that is under way; or neither: the server has all there is.
  struct Step {
    std::optional<Version> begun;
    std::optional<imap::Ticket> running;
  };
  Step begin();
  void ended(const Version& version, const Delivery::Outcome& outcome);
  /// Nothing was written since.
  bool is_current(const Version& version) const;
  /// The journal has it from now on.
  void set_letter(LetterId letter, const Version& version);
  /// And from now on not any more.
  std::optional<LetterId> take_letter();
  /// The end of the storing that is under way, if one is.
  std::optional<imap::Ticket> running() const;

 private:
  struct State {
    std::shared_ptr<Spool> content;
    std::optional<Original> original;
    std::uint64_t version = 0;
    std::uint64_t sent = 0;           // the version that the server has
    std::uint64_t tried = 0;          // the last one that was to be stored
    std::set<std::uint64_t> writers;  // since one was stored
    std::int64_t time = 0;
    std::optional<MessageKey> stored;
    std::optional<Uid> doubtful_from;
    std::optional<imap::Ticket> running;
    std::optional<LetterId> letter;
    std::uint64_t in_journal = 0;  // the version that it is

    std::uint64_t size() const { return original ? original->size : content->size(); }
  };

  template <class Change>
  void change(Change&& change);

  const Ino ino_;
  const std::filesystem::path directory_;
  imap::Synchronized<State> state_;
};

}  // namespace fs
