#include "tests/bench/raw_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace bench {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::string_view kTag = "raw7client";

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "the raw client: {}\n", what);
  std::exit(EXIT_FAILURE);
}

int connected(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  require(::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) == 0, host);
  int connection = -1;
  for (const auto* one = found; one != nullptr && connection < 0; one = one->ai_next) {
    const int candidate = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(candidate, one->ai_addr, one->ai_addrlen) == 0) {
      connection = candidate;
    } else {
      ::close(candidate);
    }
  }
  ::freeaddrinfo(found);
  require(connection >= 0, "cannot connect");
  return connection;
}

}  // namespace

RawClient::RawClient(const std::string& host, std::uint16_t port, const std::string& ca_file)
    : socket_(connected(host, port)), buffer_(kBuffer) {
  if (ca_file.empty()) return;
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  require(SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr) == 1, ca_file);
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, socket_);
  require(SSL_connect(tls_) == 1, "no TLS");
}

RawClient::~RawClient() {
  SSL_free(tls_);
  SSL_CTX_free(context_);
  ::close(socket_);
}

std::size_t RawClient::read() {
  const auto got = tls_ != nullptr
                       ? SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size()))
                       : static_cast<int>(::recv(socket_, buffer_.data(), buffer_.size(), 0));
  require(got > 0, "the server hung up");
  return static_cast<std::size_t>(got);
}

void RawClient::write(const std::string& octets) {
  const auto sent = tls_ != nullptr
                        ? SSL_write(tls_, octets.data(), static_cast<int>(octets.size()))
                        : static_cast<int>(::send(socket_, octets.data(), octets.size(), 0));
  require(sent == static_cast<int>(octets.size()), "a command was not taken");
}

void RawClient::greet() {
  std::string line;
  while (!line.ends_with("\r\n")) line.append(buffer_.data(), read());
}

std::uint64_t RawClient::run(const std::string& command) {
  constexpr std::size_t kLongestAnswer = 1024;
  write(fmt::format("{} {}\r\n", kTag, command));
  std::uint64_t received = 0;
  std::string tail;
  while (true) {
    const auto got = read();
    received += got;
    const std::string_view piece(buffer_.data(), got);
    if (piece.size() >= kLongestAnswer) tail.clear();
    tail += piece.substr(piece.size() - std::min(piece.size(), kLongestAnswer));
    if (!tail.ends_with("\r\n")) continue;
    const auto begin = tail.rfind('\n', tail.size() - 2) + 1;  // npos + 1 is the beginning
    const auto last = std::string_view(tail).substr(begin);
    if (!last.starts_with(kTag)) continue;
    require(last.substr(kTag.size()).starts_with(" OK"), last);
    return received;
  }
}

}  // namespace bench
