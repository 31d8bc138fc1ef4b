// What each error becomes for the kernel.

#include "cache/errors.h"
#include "fs/mail/errors.h"
#include "fs/tree/errno_of.h"
#include "fs/tree/errors.h"
#include "imap/base/errors.h"
#include "tests/support/catch.h"

#include <cerrno>
#include <new>

namespace {

template <class Error>
int number_of(const Error& error) {
  return fs::errno_of(std::make_exception_ptr(error));
}

int number_of_no(const char* code) {
  return number_of(imap::CommandError(imap::CommandError::Status::no, code, "EXAMINE: NO"));
}

}  // namespace

TEST_CASE("every error has its errno", "[fs][errno]") {
  CHECK(number_of(fs::TreeError(ENODATA, "x")) == ENODATA);
  CHECK(number_of(fs::NotFoundError("x")) == ENOENT);
  CHECK(number_of(fs::StaleError("x")) == ESTALE);
  CHECK(number_of(fs::UnfetchableError("x")) == EIO);
  CHECK(number_of(fs::MailError("x")) == EIO);
  CHECK(number_of(imap::AuthenticationError("x")) == EACCES);
  CHECK(number_of(imap::OfflineError("x")) == ENETUNREACH);
  CHECK(number_of(imap::CancelledError("x")) == EINTR);
  CHECK(number_of(imap::LimitError("x")) == EFBIG);
  CHECK(number_of(imap::ProtocolError("x")) == EIO);
  CHECK(number_of(imap::TimeoutError("x")) == ETIMEDOUT);
  CHECK(number_of(imap::TlsError("x")) == ENETUNREACH);
  CHECK(number_of(imap::ResolveError("x")) == ENETUNREACH);
  CHECK(number_of(imap::ConnectionError("x")) == ENETUNREACH);
  CHECK(number_of(imap::UnsupportedError("x")) == ENOTSUP);
  CHECK(number_of(imap::Error("x")) == EIO);
  CHECK(number_of(cache::FullError("x")) == EIO);
  CHECK(number_of(cache::CorruptError("x")) == EIO);
  CHECK(number_of(std::bad_alloc()) == ENOMEM);
  CHECK(number_of(std::runtime_error("x")) == EIO);
  CHECK(number_of(42) == EIO);
}

TEST_CASE("a refused command says why by its response code", "[fs][errno]") {
  CHECK(number_of_no("NONEXISTENT") == ENOENT);
  CHECK(number_of_no("TRYCREATE") == ENOENT);
  CHECK(number_of_no("ALREADYEXISTS") == EEXIST);
  CHECK(number_of_no("HASCHILDREN") == ENOTEMPTY);
  CHECK(number_of_no("NOPERM") == EACCES);
  CHECK(number_of_no("AUTHENTICATIONFAILED") == EACCES);
  CHECK(number_of_no("AUTHORIZATIONFAILED") == EACCES);
  CHECK(number_of_no("EXPIRED") == EACCES);
  CHECK(number_of_no("PRIVACYREQUIRED") == EACCES);
  CHECK(number_of_no("READ-ONLY") == EROFS);
  CHECK(number_of_no("OVERQUOTA") == EDQUOT);
  CHECK(number_of_no("TOOBIG") == EFBIG);
  CHECK(number_of_no("LIMIT") == ENOSPC);
  CHECK(number_of_no("INUSE") == EBUSY);
  CHECK(number_of_no("CANNOT") == EPERM);
  CHECK(number_of_no("UNAVAILABLE") == EAGAIN);
  CHECK(number_of_no("SERVERBUG") == EIO);
  CHECK(number_of_no("") == EIO);
}

TEST_CASE("BAD is our own fault whatever code comes with it", "[fs][errno]") {
  CHECK(number_of(imap::CommandError(imap::CommandError::Status::bad, "NOPERM", "BAD")) == EIO);
}

TEST_CASE("ordinary answers are not worth a line in the log", "[fs][errno]") {
  CHECK(fs::is_ordinary(ENOENT));
  CHECK(fs::is_ordinary(ESTALE));
  CHECK(fs::is_ordinary(ENODATA));
  CHECK(fs::is_ordinary(EINTR));
  CHECK(fs::is_ordinary(ENETUNREACH));
  CHECK_FALSE(fs::is_ordinary(EIO));
  CHECK_FALSE(fs::is_ordinary(ETIMEDOUT));
}
