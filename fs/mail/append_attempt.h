#pragma once
/// What an Appender knows of one message that it brings to the server. Used by one connection after
/// the other.

#include "fs/mail/appender.h"
#include "imap/base/flags.h"

#include <memory>
#include <optional>
#include <string>

namespace fs {

struct Appender::Attempt {
  enum class Sent { nothing, something, everything };

  NewMail what;
  std::shared_ptr<Delivery> delivery;  // null: nobody waits
  cache::MailboxRow row;
  imap::Flags flags;  // that it gets
  Sent sent = Sent::nothing;
  bool is_foreseen = false;       // the server has not described it
  std::optional<imap::Uid> told;  // where it is, by what the server said
  std::optional<imap::Uid> from;  // else not below, if it is there at all
  std::optional<MessageKey> stored;

  const NewMail& mail() const { return what; }
  const std::string& name() const { return row.wire_name; }
};

}  // namespace fs
