#pragma once
/// The mailbox that a session has open: what the server has said of it, and the news of it that
/// nobody has taken yet. Owned by the session, on whose thread it lives; it sends nothing. Throws
/// ProtocolError when the server says more than the limits allow.

#include "imap/session/selected_mailbox.h"
#include "imap/session/updates.h"
#include "imap/wire/limits.h"
#include "imap/wire/response.h"

#include <optional>
#include <string>
#include <vector>

namespace imap {

class OpenMailbox {
 public:
  /// `limits` must outlive it.
  explicit OpenMailbox(const Limits& limits) : limits_(limits) {}
  OpenMailbox(const OpenMailbox&) = delete;
  OpenMailbox& operator=(const OpenMailbox&) = delete;

  /// Nothing: none is open.
  const std::optional<SelectedMailbox>& state() const { return state_; }

  /// SELECT or EXAMINE is about to be sent; exactly one of the next two follows.
  void begin(const std::string& name, bool read_only);
  void succeeded();
  /// No mailbox is open then (RFC 3501 6.3.1).
  void failed();
  /// The mailbox was left.
  void close();
  /// Between `begin` and what follows it: all that came up to here was of the mailbox before.
  void leave_behind();

  /// Takes in what a response says of the mailbox, on whatever command it came; after the session
  /// has found out whose answer it is, if it is one.
  void note(const Response& response);
  /// While it lives, flags of these messages are taken by whoever asked, and no news. The set must
  /// outlive it.
  class Expected {
   public:
    Expected(OpenMailbox& mailbox, const UidSet& flags) : mailbox_(mailbox) {
      mailbox_.expected_flags_ = &flags;
    }
    ~Expected() { mailbox_.expected_flags_ = nullptr; }
    Expected(const Expected&) = delete;
    Expected& operator=(const Expected&) = delete;

   private:
    OpenMailbox& mailbox_;
  };

  /// The news of all mailboxes that have been open since, in that order, and whether some were left
  /// out.
  struct News {
    std::vector<MailboxUpdates> mailboxes;
    bool overflow = false;
  };
  News take_all();
  /// The news of the mailbox that is open now, alone.
  MailboxUpdates take_current();

 private:
  void note_status(const Status& status);
  void note_code(const Status& status);
  void note_exists(const Exists& exists);
  void note_expunge();
  void note_row(const FetchRow& row);
  void note_vanished(const Vanished& vanished);
  /// All that came before belongs to the mailbox that was open.
  void divide();
  void forget_modseqs();
  void advance_modseq();
  void keep_news(const std::optional<SelectedMailbox>& whose);

  const Limits& limits_;
  std::optional<SelectedMailbox> state_;
  std::optional<SelectedMailbox> left_;  // while another is opened: the one before
  MailboxUpdates current_;               // news of the open mailbox
  News kept_;                            // of those before it
  std::optional<ModSeq> told_modseq_;    // since the last tagged answer
  ModSeq seen_modseq_;                   // likewise, the highest of any row
  const UidSet* expected_flags_ = nullptr;
};

}  // namespace imap
