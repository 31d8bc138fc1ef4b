#pragma once
/// The server's side of SCRAM (RFC 5802), as a test needs it: tells what a right server would say
/// to what a client said, and whether the client's proof is right. A plain value.

#include <string>

namespace tests {

class ScramServer {
 public:
  /// `hash` is OpenSSL's name: "SHA1" or "SHA256".
  ScramServer(std::string hash, std::string password, std::string salt, unsigned iterations);

  /// The server-first message; `nonce` is what this side adds to that of the client.
  std::string first(const std::string& client_first, const std::string& nonce);
  /// Whether the client's proof is that of the password.
  bool accepts(const std::string& client_final) const;
  /// The server-final message, with the signature that proves that this side knows the password.
  std::string final_message(const std::string& client_final) const;
  /// What the client's `c=` says that its first message began with, channel binding data included.
  static std::string bound(const std::string& client_final);

 private:
  std::string hmac(const std::string& key, const std::string& text) const;
  std::string auth_message(const std::string& client_final) const;

  const std::string hash_;
  const std::string salt_;
  const unsigned iterations_;
  std::string salted_password_;
  std::string client_first_bare_;
  std::string server_first_;
};

}  // namespace tests
