// From a connected stream to an authenticated session: greeting, STARTTLS, introduction. The login
// itself is in session_authenticate.cpp.

#include "imap/base/errors.h"
#include "imap/net/dialer.h"
#include "imap/net/plain_stream.h"
#include "imap/net/tls_context.h"
#include "imap/net/tls_stream.h"
#include "imap/session/session.h"

#include <fmt/format.h>

namespace imap {
std::unique_ptr<Session> Session::open(const Endpoint& endpoint, const Login& login,
                                       const TlsContext* tls, const Connection::Settings& settings,
                                       const WakeFd& abort) {
  const auto deadline = Deadline::after(settings.timeout);
  auto fd = dial(endpoint.host, endpoint.port, deadline, abort);
  std::unique_ptr<Stream> stream;
  if (endpoint.tls == TlsMode::implicit) {
    stream = TlsStream::handshake(std::move(fd), *tls, endpoint.host, deadline, abort);
  } else {
    stream = std::make_unique<PlainStream>(std::move(fd), abort);
  }
  std::unique_ptr<Session> session(new Session(std::move(stream), settings));
  session->greet();
  if (endpoint.tls == TlsMode::starttls) session->start_tls(endpoint, *tls, deadline, abort);
  session->authenticate(login, endpoint);
  session->introduce();
  return session;
}

std::unique_ptr<Session> Session::open(std::unique_ptr<Stream> stream, const Login& login,
                                       const Connection::Settings& settings) {
  std::unique_ptr<Session> session(new Session(std::move(stream), settings));
  session->greet();
  session->authenticate(login, Endpoint{{}, 0, TlsMode::none});
  session->introduce();
  return session;
}

void Session::greet() {
  const auto& settings = connection_.settings();
  const auto deadline = Deadline::after(settings.timeout);
  for (std::size_t lines = 0;; ++lines) {
    const auto response = receive(nullptr);
    const auto* status = std::get_if<Status>(&response);
    if (status == nullptr) {
      // A banner line, or data that nobody may send yet.
      if (lines < settings.limits.banner_lines && !deadline.expired()) continue;
      usable_ = false;
      if (!deadline.expired()) throw ProtocolError("the server says much and does not greet");
      throw TimeoutError("the server did not greet in time");
    }
    if (status->condition == Condition::ok) return;
    if (status->condition == Condition::preauth) {
      preauthenticated_ = true;
      return;
    }
    usable_ = false;
    throw RefusedError(fmt::format("the server turned the connection away: {}", status->text));
  }
}

void Session::start_tls(const Endpoint& endpoint, const TlsContext& tls, Deadline deadline,
                        const WakeFd& abort) {
  // A PREAUTH greeting would make STARTTLS impossible: whoever sits in between could force the
  // whole session into the clear (CVE-2020-12398).
  if (preauthenticated_) {
    usable_ = false;
    throw TlsError(fmt::format("{} skips login before TLS could begin", endpoint.host));
  }
  refresh_capabilities();
  if (!capabilities_.has("STARTTLS")) {
    usable_ = false;
    throw TlsError(fmt::format("{} does not offer STARTTLS", endpoint.host));
  }
  try {
    run(Command("STARTTLS"), "STARTTLS");
  } catch (const CommandError& error) {
    usable_ = false;
    throw TlsError(fmt::format("{} refused {}", endpoint.host, error.what()));
  }
  if (connection_.has_buffered_input()) {
    usable_ = false;
    throw TlsError(fmt::format("{} sent more before TLS began than it may", endpoint.host));
  }
  auto plain = connection_.release_stream();
  auto fd = dynamic_cast<PlainStream&>(*plain).release();
  connection_.adopt_stream(
      TlsStream::handshake(std::move(fd), tls, endpoint.host, deadline, abort));
  // Nothing that was said before TLS counts (RFC 9051 6.2.1).
  capabilities_ = {};
  greeting_.clear();
  server_id_.clear();
}

void Session::refresh_capabilities() {
  if (capabilities_.empty()) run(Command("CAPABILITY"), "CAPABILITY");
}

std::string Session::send_introduction() {
  // NetEase refuses SELECT to clients that do not introduce themselves; GMX refuses ID NIL.
  return send(Command("ID (\"name\" \"imapfs\" \"version\" \"0.1\")"));
}

void Session::finish_introduction(const std::string& tag) {
  try {
    finish(tag, "ID");
  } catch (const CommandError&) {
    // An introduction that is refused costs nothing.
  }
}

void Session::introduce() {
  // What was offered before the login need not hold now.
  if (capabilities_hold_ && !quirks_of(capabilities_, greeting_, server_id_).ask_capabilities) {
    return;  // `negotiate` introduces us
  }
  bool identify = capabilities_.has("ID");
  capabilities_ = {};
  const auto capability = send(Command("CAPABILITY"));
  auto id = identify ? send_introduction() : "";
  try {
    finish(capability, "CAPABILITY");
  } catch (const CommandError& error) {
    // Exchange accepts a wrong password and fails at the next command.
    throw AuthenticationError(fmt::format("the server refused the login: {}", error.what()));
  }
  if (!identify && capabilities_.has("ID")) {
    id = send_introduction();  // offered only to those who have logged in
    identify = true;
  }
  if (identify) finish_introduction(id);
  introduced_ = true;
}

}  // namespace imap
