// From a connected stream to an authenticated session: greeting, STARTTLS, login, introduction.

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/net/dialer.h"
#include "imap/net/plain_stream.h"
#include "imap/net/tls_context.h"
#include "imap/net/tls_stream.h"
#include "imap/session/session.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace imap {
namespace {

Secret base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return Secret(std::move(encoded));
}

/// Whether a refused login says nothing about the credentials. Gmail (`[ALERT] Too many
/// simultaneous connections`) and Cyrus (`Too many open connections`) have no code for it (RFC
/// 5530).
bool is_busy(const CommandError& error) {
  const auto text = to_upper(error.what());
  return error.code() == "UNAVAILABLE" || error.code() == "LIMIT" || error.code() == "INUSE" ||
         (text.find("TOO MANY ") != std::string::npos &&
          text.find("CONNECTIONS") != std::string::npos);
}

}  // namespace

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
  session->authenticate(login);
  session->introduce();
  return session;
}

std::unique_ptr<Session> Session::open(std::unique_ptr<Stream> stream, const Login& login,
                                       const Connection::Settings& settings) {
  std::unique_ptr<Session> session(new Session(std::move(stream), settings));
  session->greet();
  session->authenticate(login);
  session->introduce();
  return session;
}

void Session::greet() {
  while (true) {
    const auto response = receive(nullptr);
    const auto* status = std::get_if<Status>(&response);
    if (status == nullptr) continue;  // a banner line, or data that nobody may send yet
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
}

void Session::refresh_capabilities() {
  if (capabilities_.empty()) run(Command("CAPABILITY"), "CAPABILITY");
}

void Session::authenticate(const Login& login) {
  if (preauthenticated_) return;
  refresh_capabilities();
  const bool plain = capabilities_.has("AUTH=PLAIN");
  if (!plain && capabilities_.has("LOGINDISABLED")) {
    throw AuthenticationError(
        "the server offers no login that may be used on this connection (is TLS missing?)");
  }
  try {
    if (plain) {
      authenticate_plain(login);
    } else {
      Command command("LOGIN");
      command.secret(login.user).secret(login.password.reveal());
      run(command, "LOGIN");
    }
  } catch (const CommandError& error) {
    // A server that is busy is no reason to ask for another password.
    if (is_busy(error)) {
      usable_ = false;
      throw RefusedError(fmt::format("login: {}", error.what()));
    }
    throw AuthenticationError(fmt::format("the server refused the login: {}", error.what()));
  } catch (const std::invalid_argument& error) {
    throw AuthenticationError(fmt::format("user name or password: {}", error.what()));
  }
}

void Session::authenticate_plain(const Login& login) {
  if (login.user.find('\0') != std::string::npos ||
      login.password.reveal().find('\0') != std::string_view::npos) {
    // It is what separates the two (RFC 4616): the server would log somebody else in.
    throw std::invalid_argument("a NUL character cannot be sent");
  }
  std::string text;
  text += '\0';
  text += login.user;
  text += '\0';
  text += login.password.reveal();
  const auto message = base64(text);
  const Secret wiped(std::move(text));

  const auto tag = connection_.next_tag();
  pending_.emplace(tag, std::nullopt);
  connection_.hide_challenges(true);
  // Long initial responses exceed the line limit of some servers: they go as a continuation.
  const bool initial = capabilities_.has("SASL-IR") && message.reveal().size() < 900;
  connection_.trace_sent(fmt::format("{} AUTHENTICATE PLAIN ***", tag));
  Secret line(initial ? fmt::format("{} AUTHENTICATE PLAIN {}\r\n", tag, message.reveal())
                      : fmt::format("{} AUTHENTICATE PLAIN\r\n", tag));
  connection_.write(line.reveal());
  if (!initial) {
    await_continuation(tag);
    line = Secret(std::string(message.reveal()) + "\r\n");
    connection_.write(line.reveal());
  }
  finish(tag, "AUTHENTICATE PLAIN", [this](Response& response) {
    // There is nothing more to say, and the server answers only when it is told so.
    if (std::holds_alternative<Continuation>(response)) connection_.write("*\r\n");
  });
  connection_.hide_challenges(false);
}

void Session::introduce() {
  // Always asked for after login: what was offered before need not hold now, and iCloud's front end
  // rewrites the stream until it has been asked (isync ee9fd2f).
  bool identify = capabilities_.has("ID");
  capabilities_ = {};
  const auto capability = send(Command("CAPABILITY"));
  // NetEase refuses SELECT to clients that do not introduce themselves; GMX refuses ID NIL.
  const Command introduction("ID (\"name\" \"imapfs\" \"version\" \"0.1\")");
  auto id = identify ? send(introduction) : "";
  try {
    finish(capability, "CAPABILITY");
  } catch (const CommandError& error) {
    // Exchange accepts a wrong password and fails at the next command.
    throw AuthenticationError(fmt::format("the server refused the login: {}", error.what()));
  }
  if (!identify && capabilities_.has("ID")) {
    id = send(introduction);  // offered only to those who have logged in
    identify = true;
  }
  if (!identify) return;
  try {
    finish(id, "ID");
  } catch (const CommandError&) {
    // An introduction that is refused costs nothing.
  }
}

}  // namespace imap
