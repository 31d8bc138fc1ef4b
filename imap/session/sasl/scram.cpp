#include "imap/session/sasl/scram.h"

#include "imap/base/errors.h"
#include "imap/session/sasl/base64.h"
#include "imap/session/sasl/printable.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace imap {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

[[noreturn]] void throw_senseless() {
  throw ProtocolError("the server sent a SCRAM challenge that makes no sense");
}

/// Cuts `name=value` off the front; nothing when that is not what stands there.
std::optional<std::string_view> take_value(std::string_view& message, char name) {
  if (message.size() < 2 || message[0] != name || message[1] != '=') return std::nullopt;
  const auto comma = message.find(',');
  const auto value = message.substr(0, comma).substr(2);
  message.remove_prefix(comma == std::string_view::npos ? message.size() : comma + 1);
  return value;
}

/// `,` and `=` would end the name (RFC 5802 section 5.1).
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

std::string gs2_header(BindingFlag flag, const std::optional<ChannelBinding>& binding) {
  if (flag == BindingFlag::not_offered) return "y,,";
  if (flag == BindingFlag::impossible) return "n,,";
  return binding.value().type == ChannelBinding::Type::tls_exporter ? "p=tls-exporter,,"
                                                                    : "p=tls-unique,,";
}

/// The names of RFC 5802 section 3, with secrets as such.
class Hash {
 public:
  explicit Hash(const EVP_MD* digest)
      : digest_(digest), size_(static_cast<std::size_t>(EVP_MD_get_size(digest))) {}

  Secret hmac(const Secret& key, std::string_view text) const {
    return filled([&](unsigned char* into) {
      return HMAC(digest_, key.reveal().data(), static_cast<int>(key.reveal().size()),
                  bytes_of(text), text.size(), into, nullptr) != nullptr;
    });
  }
  Secret digest(const Secret& text) const {
    return filled([&](unsigned char* into) {
      return EVP_Digest(text.reveal().data(), text.reveal().size(), into, nullptr, digest_,
                        nullptr) == 1;
    });
  }
  Secret salted(const Secret& password, const ScramChallenge& challenge) const {
    return filled([&](unsigned char* into) {
      const auto text = password.reveal();
      return PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), bytes_of(challenge.salt),
                               static_cast<int>(challenge.salt.size()),
                               static_cast<int>(challenge.iterations), digest_,
                               static_cast<int>(size_), into) == 1;
    });
  }

 private:
  template <class Fill>
  Secret filled(const Fill& fill) const {
    std::string octets(size_, '\0');
    if (!fill(reinterpret_cast<unsigned char*>(octets.data()))) {
      throw AuthenticationError("SCRAM: OpenSSL cannot hash here");
    }
    return Secret(std::move(octets));
  }

  const EVP_MD* digest_;
  const std::size_t size_;
};

Secret exclusive_or(const Secret& left, const Secret& right) {
  std::string octets(left.reveal());
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<char>(octets[i] ^ right.reveal()[i]);
  }
  return Secret(std::move(octets));
}

class Scram final : public SaslMechanism {
 public:
  Scram(LoginMethod method, ScramInput input)
      : hash_(name_of(method).find("SHA-256") == std::string_view::npos ? EVP_sha1()
                                                                        : EVP_sha256()),
        input_(std::move(input)),
        header_(gs2_header(input_.flag, input_.binding)),
        first_bare_(fmt::format("n={},r={}", escaped(input_.user), input_.nonce)) {}

  std::optional<Secret> initial() override { return Secret(header_ + first_bare_); }

  Secret respond(std::string_view challenge) override {
    switch (state_) {
      case State::wants_challenge:
        return prove(challenge);
      case State::wants_signature:
        verify(challenge);
        return {};
      case State::complete:
        break;
    }
    throw ProtocolError("the server goes on after the end of SCRAM");
  }

  bool is_complete() const override { return state_ == State::complete; }
  bool has_used_secret() const override { return state_ != State::wants_challenge; }

 private:
  enum class State { wants_challenge, wants_signature, complete };

  Secret prove(std::string_view server_first) {
    const auto challenge = parse_scram_challenge(server_first);
    if (!challenge.nonce.starts_with(input_.nonce) ||
        challenge.nonce.size() == input_.nonce.size()) {
      throw AuthenticationError("the server answered another login than this one (SCRAM nonce)");
    }
    auto bound = header_;
    if (input_.flag == BindingFlag::used) bound += input_.binding.value().octets;
    const auto without_proof =
        fmt::format("c={},r={}", base64_encoded(bound).reveal(), challenge.nonce);
    const auto message = fmt::format("{},{},{}", first_bare_, server_first, without_proof);

    const auto salted = hash_.salted(input_.password, challenge);
    const auto client_key = hash_.hmac(salted, "Client Key");
    const auto client_signature = hash_.hmac(hash_.digest(client_key), message);
    const auto proof = exclusive_or(client_key, client_signature);
    signature_ = hash_.hmac(hash_.hmac(salted, "Server Key"), message);
    state_ = State::wants_signature;
    return Secret(without_proof + ",p=" + std::string(base64_encoded(proof.reveal()).reveal()));
  }

  void verify(std::string_view server_final) {
    auto rest = server_final;
    if (const auto error = take_value(rest, 'e')) {
      throw AuthenticationError(fmt::format("the server refused the login: {}", printable(*error)));
    }
    const auto value = take_value(rest, 'v');
    const auto shown = value ? base64_decoded(*value) : std::nullopt;
    const auto wanted = signature_.reveal();
    if (!shown || shown->size() != wanted.size() ||
        CRYPTO_memcmp(shown->data(), wanted.data(), wanted.size()) != 0) {
      throw AuthenticationError(
          "the server did not prove that it knows the password: it may be an impostor");
    }
    state_ = State::complete;
  }

  const Hash hash_;
  const ScramInput input_;
  const std::string header_;
  const std::string first_bare_;
  Secret signature_;  // the server's, as it has to be
  State state_ = State::wants_challenge;
};

}  // namespace

std::unique_ptr<SaslMechanism> make_scram(LoginMethod method, ScramInput input) {
  return std::make_unique<Scram>(method, std::move(input));
}

std::string random_nonce() {
  std::array<unsigned char, 18> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) {
    throw AuthenticationError("SCRAM: OpenSSL has no random numbers");
  }
  return std::string(
      base64_encoded({reinterpret_cast<const char*>(octets.data()), octets.size()}).reveal());
}

ScramChallenge parse_scram_challenge(std::string_view message) {
  if (!std::ranges::all_of(message, [](char c) { return c > ' ' && c <= '~'; })) throw_senseless();
  auto rest = message;
  const auto nonce = take_value(rest, 'r');
  const auto salt = take_value(rest, 's');
  const auto count = take_value(rest, 'i');
  if (!nonce || !salt || !count || nonce->empty()) throw_senseless();
  auto octets = base64_decoded(*salt);
  if (!octets || octets->empty()) throw_senseless();
  ScramChallenge challenge{*nonce, *std::move(octets), 0};
  const auto* const end = count->data() + count->size();
  const auto [stop, error] = std::from_chars(count->data(), end, challenge.iterations);
  if (error == std::errc::result_out_of_range || challenge.iterations > kMostScramIterations) {
    throw ProtocolError(fmt::format("the server asks for {} rounds of hashing, more than {}",
                                    count->substr(0, 20), kMostScramIterations));
  }
  if (error != std::errc{} || stop != end || challenge.iterations == 0) throw_senseless();
  return challenge;
}

}  // namespace imap
