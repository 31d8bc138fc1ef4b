#pragma once
/// The yardstick of a body fetch: sockets and OpenSSL with nothing in between. It writes a command,
/// reads into one buffer until the tagged answer is the last line, and throws away what it reads.
/// Ends the program with a message when anything goes wrong.

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

class RawClient {
 public:
  /// Without `ca_file`: no TLS.
  RawClient(const std::string& host, std::uint16_t port, const std::string& ca_file);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Reads the greeting.
  void greet();
  /// Runs a command and returns the octets that came back.
  std::uint64_t run(const std::string& command);

 private:
  std::size_t read();
  void write(const std::string& octets);

  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::vector<char> buffer_;
};

}  // namespace bench
