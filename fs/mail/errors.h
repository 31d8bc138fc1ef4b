#pragma once
/// What can go wrong with mail beyond what the connection reports.

#include <stdexcept>

namespace fs {

class MailError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// There is no such folder or message.
class NotFoundError : public MailError {
 public:
  using MailError::MailError;
};

/// It was there: the message was expunged, or the mailbox has another UIDVALIDITY now.
class StaleError : public MailError {
 public:
  using MailError::MailError;
};

/// The server says that the message exists and does not hand it out.
class UnfetchableError : public MailError {
 public:
  using MailError::MailError;
};

}  // namespace fs
