#pragma once
/// A file that is a message, ready to be sent: what it is was found out by reading it once, and its
/// octets are made anew from the file each time that they are wanted, in constant memory. Never
/// changes; any thread.

#include "cache/rows.h"
#include "fs/mail/message_text.h"
#include "fs/mail/spool.h"
#include "imap/session/message_changes.h"

#include <cstdint>
#include <memory>

namespace fs {

class NewMessage {
 public:
  /// Nobody may write to the file as long as this lives. Throws NotAMessageError when it is none,
  /// and what Spool throws.
  explicit NewMessage(std::shared_ptr<const Spool> file);

  /// What is sent: with CRLF, see MessageText.
  std::uint64_t size() const { return size_; }
  imap::NewMessage::Content content() const { return content_; }
  /// What its header says; nothing else is in it.
  const cache::MessageRow& row() const { return row_; }
  /// All that is sent, from its beginning.
  imap::NewMessage::Source source() const;

  /// Whether a message of the server is this one, as far as can be told without its body: a server
  /// may have changed the size (Exchange), unless nothing else tells it from others.
  bool is(const cache::MessageRow& row) const;

 private:
  const std::shared_ptr<const Spool> file_;
  std::uint64_t size_ = 0;
  imap::NewMessage::Content content_ = imap::NewMessage::Content::plain;
  cache::MessageRow row_;
};

}  // namespace fs
