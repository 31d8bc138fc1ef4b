// The login: which methods are tried, and what each exchange looks like on the wire.
//
// A method that was refused is followed by the next one only when the server shows that it cannot
// use the method at all: BAD, or NO [CANNOT] (RFC 5530), and that before anything made from a
// password or token was sent. A refusal of the credentials (NO) ends the login: the same password
// would be refused once more, and servers lock accounts after a few. Nor is there a next method
// when one with channel binding fails: going on without it is what a man in the middle waits for
// (RFC 5802 section 6). The one exception: a refused token is fetched anew once, because tokens
// expire.

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/session/sasl/base64.h"
#include "imap/session/sasl/gnu_sasl.h"
#include "imap/session/sasl/oauth.h"
#include "imap/session/sasl/scram.h"
#include "imap/session/sasl/token_source.h"
#include "imap/session/session.h"

#include <fmt/format.h>

namespace imap {
namespace {

/// The longest line sent for an initial response: some servers cap lines at 1,000 octets.
constexpr std::size_t kLongestInitial = 900;

/// Whether a refused login says nothing about the credentials. Gmail (`[ALERT] Too many
/// simultaneous connections`) and Cyrus (`Too many open connections`) have no code for it (RFC
/// 5530).
bool is_busy(const CommandError& error) {
  const auto text = to_upper(error.what());
  return error.code() == "UNAVAILABLE" || error.code() == "LIMIT" || error.code() == "INUSE" ||
         (text.find("TOO MANY ") != std::string::npos &&
          text.find("CONNECTIONS") != std::string::npos);
}

/// Without formatting, which would leave copies behind.
Secret joined(std::string_view begin, const Secret& secret, std::string_view end) {
  std::string text;
  text.reserve(begin.size() + secret.reveal().size() + end.size());
  text += begin;
  text += secret.reveal();
  text += end;
  return Secret(std::move(text));
}

std::unique_ptr<SaslMechanism> make_mechanism(LoginMethod method, const Login& login,
                                              const Endpoint& endpoint, const LoginFacts& facts,
                                              std::optional<ChannelBinding> binding) {
  if (!is_scram(method)) {
    return make_gnu_sasl(method, {login.user, login.password, endpoint.host});
  }
  const auto user = scram_text(login.user).value();
  return make_scram(method,
                    {std::string(user.reveal()), scram_text(login.password.reveal()).value(),
                     binding_flag(method, facts), std::move(binding), random_nonce()});
}

std::string challenge_octets(const Continuation& challenge, std::size_t most) {
  std::optional<std::string> octets;
  if (challenge.text.size() <= most) octets = base64_decoded(challenge.text);
  if (!octets) throw ProtocolError("the server sent a challenge that is not base64");
  return *std::move(octets);
}

}  // namespace

/// A tagged NO or BAD, and what the mechanism knows of it.
struct Session::Refusal {
  CommandError error;
  std::string reason;  // told by the mechanism; may be empty
  bool had_secret = false;

  bool is_of_method() const {
    return !had_secret && (error.status() == CommandError::Status::bad || error.code() == "CANNOT");
  }
  std::string text() const {
    return reason.empty() ? error.what() : fmt::format("{}: {}", error.what(), reason);
  }
};

void Session::authenticate(const Login& login, const Endpoint& endpoint) {
  if (preauthenticated_) return;
  refresh_capabilities();
  // A greeting from before TLS is forgotten: whether this is a server that cannot bind has to be
  // asked.
  const bool offers_binding =
      capabilities_.has("AUTH=SCRAM-SHA-256-PLUS") || capabilities_.has("AUTH=SCRAM-SHA-1-PLUS");
  if (greeting_.empty() && offers_binding && capabilities_.has("ID")) {
    finish_introduction(send_introduction());
  }
  const auto has_nul = [](std::string_view text) {
    return text.find('\0') != text.npos;
  };
  if (has_nul(login.user) || has_nul(login.password.reveal())) {
    // It is what separates the two (RFC 4616): the server would log somebody else in.
    throw AuthenticationError("user name or password: a NUL character cannot be sent");
  }
  // The answer to a login may change them.
  const auto capabilities = capabilities_;
  capabilities_hold_ = false;
  LoginFacts facts{capabilities, login.user};
  facts.has_password = !login.password.empty();
  facts.has_token = login.tokens != nullptr;
  facts.has_client_certificate = login.has_client_certificate && connection_.is_encrypted();
  facts.may_send_readable = connection_.is_encrypted() || endpoint.tls == TlsMode::none;
  facts.can_bind = can_bind(login);
  facts.is_scram_text = scram_text(login.user) && scram_text(login.password.reveal());
  facts.forced = login.method;

  const auto methods = login_methods(facts);
  if (methods.empty()) throw AuthenticationError(why_no_login_method(facts));
  for (const auto method : methods) {
    const auto refusal = log_in(method, login, endpoint, facts);
    if (!refusal) return;
    if (is_busy(refusal->error)) {
      // No reason to ask for another password.
      usable_ = false;
      throw RefusedError(fmt::format("login: {}", refusal->error.what()));
    }
    const bool is_last = method == methods.back();
    if (is_last || binds_channel(method) || !refusal->is_of_method()) {
      throw AuthenticationError(fmt::format("the server refused the login: {}", refusal->text()));
    }
  }
}

bool Session::can_bind(const Login& login) const {
  const auto binding = connection_.channel_binding();
  if (!binding || binding->type == ChannelBinding::Type::tls_unique) return binding.has_value();
  // A greeting can be forged by whoever holds a certificate that we trust: who wants the binding in
  // any case forces the method.
  const bool is_forced = login.method && binds_channel(*login.method);
  return is_forced || !quirks_of(capabilities_, greeting_, server_id_).binds_tls_unique;
}

std::optional<Session::Refusal> Session::log_in(LoginMethod method, const Login& login,
                                                const Endpoint& endpoint, const LoginFacts& facts) {
  if (method == LoginMethod::login_command) return log_in_by_command(login);
  if (!takes_token(method)) {
    return run_mechanism(
        method, *make_mechanism(method, login, endpoint, facts, connection_.channel_binding()));
  }
  const auto try_token = [&](const Secret& token) {
    const auto mechanism = method == LoginMethod::xoauth2
                               ? make_xoauth2(login.user, token)
                               : make_oauthbearer(login.user, endpoint.host, endpoint.port, token);
    auto refusal = run_mechanism(method, *mechanism);
    if (refusal && refusal->had_secret && !is_busy(refusal->error)) login.tokens->refuse(token);
    return refusal;
  };
  const auto token = login.tokens->token();
  auto refusal = try_token(token);
  if (!refusal || !refusal->had_secret || is_busy(refusal->error)) return refusal;
  const auto renewed = login.tokens->token();
  if (renewed.reveal() == token.reveal()) {
    login.tokens->refuse(renewed);
    return refusal;
  }
  return try_token(renewed);
}

std::optional<Session::Refusal> Session::log_in_by_command(const Login& login) {
  Command command("LOGIN");
  command.secret(login.user).secret(login.password.reveal());
  try {
    run(command, "LOGIN");
    return std::nullopt;
  } catch (const CommandError& error) {
    return Refusal{error, {}, true};
  }
}

std::optional<Session::Refusal> Session::run_mechanism(LoginMethod method,
                                                       SaslMechanism& mechanism) {
  const auto tag = connection_.next_tag();
  pending_.emplace(tag, std::nullopt);
  connection_.hide_challenges(true);
  std::optional<Refusal> refusal;
  bool has_spoken = false;
  try {
    if (const auto held_back = begin_exchange(tag, method, mechanism)) {
      await_continuation(tag);
      say(*held_back);
    }
    has_spoken = true;
    converse(tag, mechanism);
    finish(tag, fmt::format("AUTHENTICATE {}", name_of(method)));
  } catch (const CommandError& error) {
    refusal = Refusal{error, mechanism.refusal(), has_spoken && mechanism.has_used_secret()};
  } catch (...) {
    // Too much was said for another attempt, and too little to go on.
    usable_ = false;
    throw;
  }
  connection_.hide_challenges(false);
  if (!refusal && !mechanism.is_complete()) {
    usable_ = false;
    throw AuthenticationError(fmt::format(
        "the server accepted the login before it had to: {} was not at its end", name_of(method)));
  }
  return refusal;
}

std::optional<Secret> Session::begin_exchange(const std::string& tag, LoginMethod method,
                                              SaslMechanism& mechanism) {
  const auto begin = fmt::format("{} AUTHENTICATE {}", tag, name_of(method));
  std::optional<Secret> initial;
  if (const auto message = mechanism.initial()) initial = base64_encoded(message->reveal());
  const bool at_once =
      initial && capabilities_.has("SASL-IR") && initial->reveal().size() < kLongestInitial;
  if (!at_once) {
    connection_.trace_sent(begin);
    connection_.write(begin + "\r\n");
    return initial;
  }
  connection_.trace_sent(fmt::format("{} {}", begin, Secret::masked()));
  // RFC 4959: an empty response is not the same as none.
  const auto line = joined(begin + (initial->empty() ? " =" : " "), *initial, "\r\n");
  connection_.write(line.reveal());
  return std::nullopt;
}

void Session::converse(const std::string& tag, SaslMechanism& mechanism) {
  const auto& limits = connection_.settings().limits;
  for (int challenges = 0; !pending_.at(tag);) {
    const auto response = receive(nullptr, Expects::continuation);
    const auto* challenge = std::get_if<Continuation>(&response);
    if (challenge == nullptr) continue;
    if (++challenges > limits.challenges) throw ProtocolError("the server never ends the login");
    if (!mechanism.takes_challenge()) {
      // There is nothing more to say, and the server answers only when it is told so.
      cancel_exchange();
      continue;
    }
    std::optional<Secret> answer;
    try {
      answer = base64_encoded(
          mechanism.respond(challenge_octets(*challenge, limits.challenge)).reveal());
    } catch (const Error&) {
      cancel_exchange();
      throw;
    }
    say(*answer);
  }
}

void Session::cancel_exchange() {
  connection_.trace_sent("*");
  connection_.write("*\r\n");
}

void Session::say(const Secret& message) {
  connection_.trace_sent(Secret::masked());
  connection_.write(joined({}, message, "\r\n").reveal());
}

}  // namespace imap
