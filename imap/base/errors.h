#pragma once
/// What can go wrong while talking to a server, one type for each thing that a caller can do about
/// it. Messages say what was attempted and what came back, and never contain a secret.

#include <stdexcept>
#include <string>

namespace imap {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The connection could not be made or is gone: unresolvable, refused, reset, closed, BYE.
/// Whether the command in flight took effect is unknown.
class ConnectionError : public Error {
 public:
  using Error::Error;
};

/// The server answers and does not want this connection: too many of them, or it is busy.
class RefusedError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// The host name does not resolve.
class ResolveError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// TLS failed or the certificate is not trusted. Never retried without TLS.
class TlsError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// A deadline passed without the answer.
class TimeoutError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// The server sent what no grammar or limit allows: the connection is closed.
class ProtocolError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// The server refused the credentials, or offers no mechanism that may be used.
class AuthenticationError : public Error {
 public:
  using Error::Error;
};

/// Nothing was tried: the server is known to be unreachable and the time of the next attempt has
/// not come.
class OfflineError : public Error {
 public:
  using Error::Error;
};

/// The waiter asked to stop, or the program is shutting down.
class CancelledError : public Error {
 public:
  using Error::Error;
};

/// Something from the server exceeds a limit of ours, such as a message larger than the largest
/// that is accepted. The rest of the session is unharmed.
class LimitError : public Error {
 public:
  using Error::Error;
};

/// The server lacks what the call needs, and nothing was sent: the caller does it another way.
class UnsupportedError : public Error {
 public:
  using Error::Error;
};

/// The server answered NO or BAD.
class CommandError : public Error {
 public:
  enum class Status { no, bad };

  /// `code` is the response code's atom in upper case (RFC 5530), or empty.
  CommandError(Status status, std::string code, const std::string& what)
      : Error(what), status_(status), code_(std::move(code)) {}

  Status status() const { return status_; }
  const std::string& code() const { return code_; }

 private:
  Status status_;
  std::string code_;
};

}  // namespace imap
