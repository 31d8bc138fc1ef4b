#include "imap/session/sasl/gnu_sasl.h"

#include "imap/base/errors.h"

#include <fmt/format.h>
#include <gsasl.h>
#include <string.h>

namespace imap {
namespace {

template <auto release>
struct Release {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    release(handle);
  }
};

using UniqueContext = std::unique_ptr<Gsasl, Release<gsasl_done>>;
using UniqueSession = std::unique_ptr<Gsasl_session, Release<gsasl_finish>>;

/// What the library allocated for us, wiped.
class Output {
 public:
  Output() = default;
  ~Output() {
    if (text != nullptr) explicit_bzero(text, size);
    gsasl_free(text);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  char* text = nullptr;
  std::size_t size = 0;
};

class GnuSasl final : public SaslMechanism {
 public:
  GnuSasl(LoginMethod method, GnuSaslInput input);
  ~GnuSasl() override;

  std::optional<Secret> initial() override;
  Secret respond(std::string_view challenge) override;
  bool is_complete() const override { return complete_; }
  bool has_used_secret() const override { return used_secret_; }

 private:
  static int on_question(Gsasl* context, Gsasl_session* session, Gsasl_property property) noexcept;
  int answer(Gsasl_property property);
  int give(Gsasl_property property, std::string_view value);
  Secret step(std::string_view challenge);
  [[noreturn]] void refuse(int code) const;

  const LoginMethod method_;
  const GnuSaslInput input_;
  UniqueContext context_;
  UniqueSession session_;
  bool complete_ = false;
  bool used_secret_ = false;
};

GnuSasl::GnuSasl(LoginMethod method, GnuSaslInput input)
    : method_(method), input_(std::move(input)) {
  Gsasl* context = nullptr;
  if (const int code = gsasl_init(&context); code != GSASL_OK) refuse(code);
  context_.reset(context);
  gsasl_callback_set(context, &GnuSasl::on_question);
  Gsasl_session* session = nullptr;
  const std::string name(name_of(method));
  if (const int code = gsasl_client_start(context, name.c_str(), &session); code != GSASL_OK) {
    refuse(code);
  }
  session_.reset(session);
  gsasl_session_hook_set(session, this);
}

GnuSasl::~GnuSasl() {
  // The library frees it as it is.
  const char* copy = gsasl_property_fast(session_.get(), GSASL_PASSWORD);
  if (copy != nullptr) explicit_bzero(const_cast<char*>(copy), strlen(copy));
}

int GnuSasl::on_question(Gsasl*, Gsasl_session* session, Gsasl_property property) noexcept {
  auto* self =
      session == nullptr ? nullptr : static_cast<GnuSasl*>(gsasl_session_hook_get(session));
  if (self == nullptr) return GSASL_NO_CALLBACK;
  try {
    return self->answer(property);
  } catch (const std::exception&) {
    return GSASL_MALLOC_ERROR;
  }
}

int GnuSasl::give(Gsasl_property property, std::string_view value) {
  return gsasl_property_set_raw(session_.get(), property, value.data(), value.size());
}

int GnuSasl::answer(Gsasl_property property) {
  switch (property) {
    case GSASL_AUTHID:
      return give(property, input_.user);
    case GSASL_AUTHZID:
      // Without a password the user name says which account is meant; with one, asking for another
      // identity than the own one is refused by servers that know none (RFC 4616 section 2).
      if (method_ != LoginMethod::external && method_ != LoginMethod::gssapi) break;
      return give(property, input_.user);
    case GSASL_PASSWORD:
      used_secret_ = true;
      return give(property, input_.password.reveal());
    case GSASL_SERVICE:
      return give(property, "imap");
    case GSASL_HOSTNAME:
      return give(property, input_.host);
    default:
      break;
  }
  return GSASL_NO_CALLBACK;
}

std::optional<Secret> GnuSasl::initial() {
  // The server begins: it asks for the user name.
  if (method_ == LoginMethod::login) return std::nullopt;
  return step({});
}

Secret GnuSasl::respond(std::string_view challenge) {
  if (complete_) throw ProtocolError("the server asks for more than the mechanism has");
  return step(challenge);
}

Secret GnuSasl::step(std::string_view challenge) {
  Output output;
  const int code =
      gsasl_step(session_.get(), challenge.data(), challenge.size(), &output.text, &output.size);
  if (code != GSASL_OK && code != GSASL_NEEDS_MORE) refuse(code);
  complete_ = code == GSASL_OK;
  return Secret(std::string_view(output.text, output.size));
}

void GnuSasl::refuse(int code) const {
  const auto name = name_of(method_);
  switch (code) {
    case GSASL_MECHANISM_PARSE_ERROR:
    case GSASL_BASE64_ERROR:
    case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
      throw ProtocolError(fmt::format("the server sent a {} challenge that makes no sense", name));
    default:
      throw AuthenticationError(fmt::format("{}: {}", name, gsasl_strerror(code)));
  }
}

}  // namespace

std::unique_ptr<SaslMechanism> make_gnu_sasl(LoginMethod method, GnuSaslInput input) {
  return std::make_unique<GnuSasl>(method, std::move(input));
}

std::optional<Secret> scram_text(std::string_view text) {
  const Secret terminated(text);
  Output prepared;
  if (gsasl_saslprep(terminated.reveal().data(), GSASL_ALLOW_UNASSIGNED, &prepared.text, nullptr) !=
      GSASL_OK) {
    return std::nullopt;
  }
  prepared.size = strlen(prepared.text);
  if (prepared.size == 0) return std::nullopt;
  return Secret(std::string_view(prepared.text, prepared.size));
}

}  // namespace imap
