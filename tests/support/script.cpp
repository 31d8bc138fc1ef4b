#include "tests/support/script.h"

#include "imap/net/plain_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>

namespace tests {
namespace {

struct Deviation {
  std::string text;
};

constexpr int kPatience = 10'000;  // milliseconds

/// The tag at the beginning of a line: letters, then digits.
std::string_view leading_tag(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && std::isupper(static_cast<unsigned char>(line[at])) != 0) ++at;
  const auto letters = at;
  while (at < line.size() && std::isdigit(static_cast<unsigned char>(line[at])) != 0) ++at;
  return letters > 0 && at > letters ? line.substr(0, at) : std::string_view();
}

}  // namespace

const std::string Script::none;

Script::Script(Lines lines) : lines_(std::move(lines)) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  client_ = imap::UniqueFd(pair[0]);
  server_ = imap::UniqueFd(pair[1]);
  thread_ = std::thread([this] { serve(); });
}

Script::~Script() {
  client_.reset();
  static_cast<void>(deviations());
}

std::unique_ptr<imap::Stream> Script::take_client(const imap::WakeFd& abort) {
  return std::make_unique<imap::PlainStream>(std::move(client_), abort);
}

std::string Script::deviations() {
  ending_.signal();
  if (thread_.joinable()) thread_.join();
  return deviation_.with([](const std::string& text) { return text; });
}

void Script::serve() {
  try {
    for (const auto& line : lines_) play(line);
    if (server_) {
      ::shutdown(server_.get(), SHUT_WR);
      while (fill()) {
      }
    }
    if (!input_.empty()) throw Deviation{fmt::format("the client sent more: {}", input_)};
  } catch (const Deviation& deviation) {
    deviation_.with([&](std::string& text) { text = deviation.text; });
  } catch (const std::exception& error) {
    deviation_.with([&](std::string& text) { text = error.what(); });
  }
  server_.reset();
}

void Script::play(const std::string& line) {
  const auto text = std::string_view(line).substr(3);
  if (line.starts_with("C: ")) return expect_line(text);
  if (line.starts_with("C+ ")) return expect_octets(text);
  if (line.starts_with("S: ")) return send(with_tags(text) + "\r\n");
  if (line.starts_with("S+ ")) return send(with_tags(text));
  if (line == "S! close") return server_.reset();
  if (line == "S! deflate") {
    deflater_ = std::make_unique<Deflater>();
    inflater_ = std::make_unique<Inflater>();
    input_ = (*inflater_)(input_);
    return;
  }
  if (line != "S! silence") throw Deviation{fmt::format("not a line of a script: {}", line)};
  while (fill()) {
  }
  input_.clear();
}

bool Script::fill() {
  std::array wanted{pollfd{server_.get(), POLLIN, 0}, pollfd{ending_.fd(), POLLIN, 0}};
  if (::poll(wanted.data(), wanted.size(), kPatience) <= 0 || wanted[0].revents == 0) return false;
  std::array<char, 65536> piece{};
  const auto got = ::recv(server_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got <= 0) return false;
  const std::string_view octets(piece.data(), static_cast<std::size_t>(got));
  input_ += inflater_ ? (*inflater_)(octets) : std::string(octets);
  return true;
}

void Script::expect_line(std::string_view wanted) {
  auto end = input_.find("\r\n");
  while (end == std::string::npos) {
    if (!fill()) {
      throw Deviation{fmt::format("the client never sent '{}' but '{}'", wanted, input_)};
    }
    end = input_.find("\r\n");
  }
  const auto got = input_.substr(0, end);
  input_.erase(0, end + 2);
  if (auto text = difference(wanted, got); !text.empty()) throw Deviation{std::move(text)};
}

std::string Script::difference(std::string_view wanted, std::string_view got) {
  const auto name = wanted.size() > 1 && wanted[0] == '$' ? wanted[1] : '\0';
  if (name != '\0' && !tags_.contains(name)) tags_.emplace(name, leading_tag(got));
  return with_tags(wanted) == got ? "" : fmt::format("the client sent '{}' for '{}'", got, wanted);
}

void Script::expect_octets(std::string_view wanted) {
  while (input_.size() < wanted.size()) {
    if (!fill()) throw Deviation{fmt::format("the client never sent '{}'", wanted)};
  }
  const auto got = input_.substr(0, wanted.size());
  if (got != wanted) throw Deviation{fmt::format("the client sent '{}' for '{}'", got, wanted)};
  input_.erase(0, wanted.size());
}

std::string Script::with_tags(std::string_view text) const {
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto tag = text[i] == '$' && i + 1 < text.size() ? tags_.find(text[i + 1]) : tags_.end();
    if (tag == tags_.end()) {
      filled += text[i];
    } else {
      filled += tag->second;
      ++i;
    }
  }
  return filled;
}

void Script::send(std::string_view plain) {
  const auto octets = deflater_ ? (*deflater_)(plain) : std::string(plain);
  std::string_view text = octets;
  while (!text.empty()) {
    std::array wanted{pollfd{server_.get(), POLLOUT, 0}, pollfd{ending_.fd(), POLLIN, 0}};
    if (::poll(wanted.data(), wanted.size(), kPatience) <= 0 || wanted[0].revents == 0) return;
    const auto sent = ::send(server_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;  // the client has left
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Script::Lines after_login(const std::string& capabilities, Script::Lines lines) {
  Script::Lines all{"S: * PREAUTH ready", "C: $1 CAPABILITY", "S: * CAPABILITY " + capabilities,
                    "S: $1 OK"};
  all.insert(all.end(), lines.begin(), lines.end());
  return all;
}

}  // namespace tests
