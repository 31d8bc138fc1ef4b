#pragma once
/// What can go wrong with mail beyond what the connection reports.

#include <stdexcept>
#include <string>

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

/// A change that cannot be made, and nothing was changed.
class ChangeRefusedError : public MailError {
 public:
  enum class Reason {
    exists,         // there is something of that name
    not_empty,      // what was to be removed has something in it
    not_permitted,  // never, whoever asks
    invalid,        // nothing could be called so, or be there
    name_too_long,
  };

  ChangeRefusedError(Reason reason, const std::string& what) : MailError(what), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// The server says that the message exists and does not hand it out.
class UnfetchableError : public MailError {
 public:
  using MailError::MailError;
};

}  // namespace fs
