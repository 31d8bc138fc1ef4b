#include "fs/tree/errno_of.h"

#include "fs/mail/errors.h"
#include "fs/mail/message_text.h"
#include "fs/tree/errors.h"
#include "imap/base/errors.h"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace fs {
namespace {

/// Response codes of RFC 5530 and their kin.
int errno_of_code(const std::string& code) {
  static const std::array<std::pair<const char*, int>, 17> kCodes{{
      {"NONEXISTENT", ENOENT},
      {"TRYCREATE", ENOENT},
      {"ALREADYEXISTS", EEXIST},
      {"HASCHILDREN", ENOTEMPTY},
      {"NOPERM", EACCES},
      {"AUTHENTICATIONFAILED", EACCES},
      {"AUTHORIZATIONFAILED", EACCES},
      {"EXPIRED", EACCES},
      {"PRIVACYREQUIRED", EACCES},
      {"READ-ONLY", EROFS},
      {"OVERQUOTA", EDQUOT},
      {"TOOBIG", EFBIG},
      {"APPENDLIMIT", EFBIG},
      {"LIMIT", ENOSPC},
      {"INUSE", EBUSY},
      {"CANNOT", EPERM},
      {"UNAVAILABLE", EAGAIN},
  }};
  for (const auto& [name, number] : kCodes) {
    if (code == name) return number;
  }
  return EIO;
}

int errno_of_reason(ChangeRefusedError::Reason reason) {
  switch (reason) {
    case ChangeRefusedError::Reason::exists:
      return EEXIST;
    case ChangeRefusedError::Reason::not_empty:
      return ENOTEMPTY;
    case ChangeRefusedError::Reason::not_permitted:
      return EPERM;
    case ChangeRefusedError::Reason::invalid:
      return EINVAL;
    case ChangeRefusedError::Reason::name_too_long:
      return ENAMETOOLONG;
  }
  return EIO;
}

}  // namespace

int errno_of(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const TreeError& tree) {
    return tree.number();
  } catch (const NotAMessageError&) {
    return EINVAL;
  } catch (const NotFoundError&) {
    return ENOENT;
  } catch (const StaleError&) {
    return ESTALE;
  } catch (const ChangeRefusedError& refused) {
    return errno_of_reason(refused.reason());
  } catch (const imap::CommandError& command) {
    // BAD means that we sent something wrong, whatever code comes with it.
    return command.status() == imap::CommandError::Status::bad ? EIO
                                                               : errno_of_code(command.code());
  } catch (const imap::AuthenticationError&) {
    return EACCES;
  } catch (const imap::OfflineError&) {
    return ENETUNREACH;
  } catch (const imap::CancelledError&) {
    return EINTR;
  } catch (const imap::LimitError&) {
    return EFBIG;
  } catch (const imap::UnsupportedError&) {
    return ENOTSUP;
  } catch (const imap::ProtocolError&) {
    return EIO;
  } catch (const imap::TimeoutError&) {
    return ETIMEDOUT;
  } catch (const imap::ConnectionError&) {
    return ENETUNREACH;
  } catch (const std::system_error& system) {
    // Of the disk that a new file is kept on.
    return system.code().category() == std::generic_category() ? system.code().value() : EIO;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (...) {
    return EIO;
  }
}

bool is_ordinary(int error) noexcept {
  return error == ENOENT || error == ESTALE || error == ENODATA || error == ERANGE ||
         error == EINTR || error == EROFS || error == EEXIST || error == ENOTEMPTY ||
         error == EOPNOTSUPP ||
         // That the server is gone is logged once, when it is found out, and not for every file.
         error == ENETUNREACH;
}

}  // namespace fs
