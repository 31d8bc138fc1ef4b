#pragma once
/// A server with one mailbox that others change all the time, also while it answers. It hears and
/// answers on the thread of its client, so nothing in it depends on time. One thread, one client at
/// a time.

#include "imap/base/ids.h"
#include "imap/base/uid_set.h"
#include "imap/net/stream.h"
#include "imap/session/resync.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tests {

struct ChangingServerTraits {
  imap::SyncClass sync_class = imap::SyncClass::plain;
  bool esearch = false;
  bool says_uid_next = true;
  bool keeps_tombstones = true;  // not so: VANISHED (EARLIER) names nothing
};

class ChangingServer final : public imap::Stream {
 public:
  using Traits = ChangingServerTraits;
  struct Message {
    bool seen = false;
    std::uint64_t modseq = 0;
  };

  explicit ChangingServer(Traits traits);

  // What another client does. UIDs need not follow each other.

  void append(std::uint32_t gap = 0);
  void expunge(imap::Uid uid);
  void toggle_seen(imap::Uid uid);
  const std::map<imap::Uid, Message>& messages() const { return messages_; }
  imap::Uid uid_next() const { return imap::Uid{uid_next_}; }
  std::uint64_t modseq() const { return has_modseqs() ? modseq_ : 0; }
  /// When a message was expunged; 0: it never was there, or still is.
  std::uint64_t expunged_at(imap::Uid uid) const;
  /// The same messages in another mailbox, as far as a client can tell.
  void renew() { ++uid_validity_; }
  std::uint64_t uid_validity() const { return uid_validity_; }
  static std::uint64_t size_of(imap::Uid uid) { return 1000 + uid.value; }
  /// Is called ahead of every answer.
  void while_answering(std::function<void()> change) { meanwhile_ = std::move(change); }

  /// A client comes: whatever the one before it was told or was to be told is forgotten.
  void accept();
  /// How often the client waited for an answer since this was asked last.
  int take_round_trips();

  std::size_t read(std::span<std::byte> into, imap::Deadline deadline) override;
  void write(std::span<const std::byte> bytes, imap::Deadline deadline) override;
  Wait wait_readable(imap::Deadline deadline, const imap::WakeFd& wake) override;
  bool ended_cleanly() const override { return true; }
  std::string description() const override { return {}; }
  bool is_encrypted() const override { return false; }

 private:
  void hear(const std::string& line);
  void examine(const std::string& arguments);
  void fetch(const std::string& arguments);
  void search(const std::string& arguments);
  /// Tells what has changed since it was told last.
  void tell();
  void say_row(imap::Uid uid, const std::string& more);
  void say_vanished(std::uint64_t since);
  imap::UidSet set_in(std::string text) const;
  bool has_modseqs() const { return traits_.sync_class != imap::SyncClass::plain; }

  const Traits traits_;
  std::function<void()> meanwhile_;
  std::map<imap::Uid, Message> messages_;
  std::map<imap::Uid, std::uint64_t> tombstones_;  // and when
  std::vector<imap::Uid> view_;                    // what the client has been told, ascending
  std::uint64_t told_ = 0;                         // modification sequence of it
  std::uint64_t modseq_ = 1;
  std::uint32_t uid_next_ = 1;
  std::uint64_t uid_validity_ = 7;
  std::string heard_;
  std::string waiting_;  // said, and not read
  int round_trips_ = 0;
  bool waited_ = false;
};

}  // namespace tests
