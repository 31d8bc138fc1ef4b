#include "tests/support/scram_server.h"

#include "imap/session/sasl/base64.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>
#include <utility>

namespace tests {
namespace {

const unsigned char* octets(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encoded(const std::string& text) {
  return std::string(imap::base64_encoded(text).reveal());
}

/// The value of one attribute: `r=...`.
std::string attribute(const std::string& message, char name) {
  const auto at = ("," + message).find(std::string{',', name, '='});
  if (at == std::string::npos) throw std::runtime_error("no such attribute in " + message);
  const auto value = message.substr(at + 2);
  return value.substr(0, value.find(','));
}

}  // namespace

ScramServer::ScramServer(std::string hash, std::string password, std::string salt,
                         unsigned iterations)
    : hash_(std::move(hash)), salt_(std::move(salt)), iterations_(iterations) {
  const auto* digest = EVP_get_digestbyname(hash_.c_str());
  salted_password_.resize(static_cast<std::size_t>(EVP_MD_get_size(digest)));
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt_),
                    static_cast<int>(salt_.size()), static_cast<int>(iterations), digest,
                    static_cast<int>(salted_password_.size()),
                    reinterpret_cast<unsigned char*>(salted_password_.data()));
}

std::string ScramServer::hmac(const std::string& key, const std::string& text) const {
  std::string code(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(EVP_get_digestbyname(hash_.c_str()), key.data(), static_cast<int>(key.size()), octets(text),
       text.size(), reinterpret_cast<unsigned char*>(code.data()), &size);
  code.resize(size);
  return code;
}

std::string ScramServer::first(const std::string& client_first, const std::string& nonce) {
  const auto flag_end = client_first.find(',');
  client_first_bare_ = client_first.substr(client_first.find(',', flag_end + 1) + 1);
  server_first_ = "r=" + attribute(client_first_bare_, 'r') + nonce + ",s=" + encoded(salt_) +
                  ",i=" + std::to_string(iterations_);
  return server_first_;
}

std::string ScramServer::auth_message(const std::string& client_final) const {
  return client_first_bare_ + "," + server_first_ + "," +
         client_final.substr(0, client_final.find(",p="));
}

bool ScramServer::accepts(const std::string& client_final) const {
  const auto client_key = hmac(salted_password_, "Client Key");
  std::string stored_key(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_Digest(client_key.data(), client_key.size(),
             reinterpret_cast<unsigned char*>(stored_key.data()), &size,
             EVP_get_digestbyname(hash_.c_str()), nullptr);
  stored_key.resize(size);
  auto proof = hmac(stored_key, auth_message(client_final));
  for (std::size_t i = 0; i < proof.size(); ++i) {
    proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  }
  return attribute(client_final, 'p') == encoded(proof);
}

std::string ScramServer::final_message(const std::string& client_final) const {
  return "v=" + encoded(hmac(hmac(salted_password_, "Server Key"), auth_message(client_final)));
}

std::string ScramServer::bound(const std::string& client_final) {
  return imap::base64_decoded(attribute(client_final, 'c')).value();
}

}  // namespace tests
