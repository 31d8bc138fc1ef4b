#include "imap/wire/lexer.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace imap {
namespace {

/// `~{18446744073709551615+}` and a CR.
constexpr std::size_t kLongestAnnouncement = 25;

}  // namespace

void Lexer::fail(std::string_view wanted) const {
  throw ProtocolError(fmt::format("expected {} at octet {} of a response", wanted, at_));
}

bool Lexer::try_char(char c) {
  if (at_end() || frame_.text[at_] != c) return false;
  ++at_;
  return true;
}

void Lexer::expect_char(char c) {
  if (!try_char(c)) fail(fmt::format("'{}'", c));
}

void Lexer::skip_spaces() {
  while (!at_end() && (frame_.text[at_] == ' ' || frame_.text[at_] == '\t')) ++at_;
}

std::string_view Lexer::until(char end) {
  const auto left = rest();
  const auto found = left.substr(0, left.find(end));
  at_ += found.size();
  return found;
}

std::string_view Lexer::try_atom() {
  const auto left = rest();
  const auto end = std::ranges::find_if(left, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F || c == '(' || c == ')' || c == '"';
  });
  const auto atom = left.substr(0, static_cast<std::size_t>(end - left.begin()));
  at_ += atom.size();
  return atom;
}

std::string_view Lexer::expect_atom() {
  const auto atom = try_atom();
  if (atom.empty()) fail("an atom");
  return atom;
}

std::optional<std::uint64_t> Lexer::try_number() {
  const auto left = rest();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), number);
  if (error == std::errc::result_out_of_range) fail("a number of at most 64 bits");
  if (error != std::errc{}) return std::nullopt;
  const auto* stop = left.data() + left.size();
  if (end != stop && (*end == '.' || *end == 'e' || *end == 'E')) {
    double real = 0;
    const auto [real_end, real_error] = std::from_chars(left.data(), stop, real);
    if (real_error != std::errc{} || !(real >= 0 && real < 9.2e18)) fail("a number");
    at_ += static_cast<std::size_t>(real_end - left.data());
    return static_cast<std::uint64_t>(std::llround(real));
  }
  at_ += static_cast<std::size_t>(end - left.data());
  return number;
}

std::uint64_t Lexer::expect_number() {
  const auto number = try_number();
  if (!number) fail("a number");
  return *number;
}

std::optional<std::string> Lexer::try_quoted() {
  if (peek() != '"') return std::nullopt;
  const auto left = rest();
  std::string value;
  for (std::size_t i = 1; i < left.size(); ++i) {
    if (left[i] == '"') {
      at_ += i + 1;
      return value;
    }
    if (left[i] == '\\' && i + 1 < left.size()) ++i;
    // What follows a line break is a literal: its octets end no string.
    if (left[i] == '\n') break;
    value += left[i];
  }
  fail("the end of a quoted string");
}

const Frame::Literal* Lexer::literal_here() const {
  auto left = rest().substr(0, kLongestAnnouncement);
  if (left.starts_with('~')) left.remove_prefix(1);
  if (!left.starts_with('{')) return nullptr;
  // An atom may look like the beginning of one: only the framer knows where octets of literals are.
  const auto end = left.find_first_not_of("0123456789+}\r", 1);
  if (end == std::string_view::npos || left[end] != '\n') return nullptr;
  return frame_.literal_at(static_cast<std::size_t>(left.data() + end + 1 - frame_.text.data()));
}

std::optional<std::uint64_t> Lexer::try_streamed() {
  const auto* literal = literal_here();
  if (literal == nullptr || !literal->streamed) return std::nullopt;
  at_ = literal->position;
  return literal->size;
}

std::optional<std::string> Lexer::try_literal() {
  if (try_streamed()) return std::string();
  const auto* literal = literal_here();
  if (literal == nullptr) return std::nullopt;
  auto octets = frame_.text.substr(literal->position, literal->size);
  at_ = literal->position + octets.size();
  return octets;
}

std::optional<std::string> Lexer::expect_nstring() {
  if (auto quoted = try_quoted()) return quoted;
  if (auto literal = try_literal()) return literal;
  const auto atom = expect_atom();
  if (equal_ignoring_case(atom, "NIL")) return std::nullopt;
  return std::string(atom);
}

std::string Lexer::expect_string() {
  return expect_nstring().value_or("");
}

void Lexer::skip_value() {
  std::size_t depth = 0;
  do {
    skip_spaces();
    if (try_char('(')) {
      if (++depth > limits_.depth) fail("fewer nested parentheses");
      continue;
    }
    if (try_char(')')) {
      if (depth == 0) fail("a value");
      --depth;
      continue;
    }
    if (at_end()) fail("the end of a list");
    static_cast<void>(expect_nstring());
  } while (depth > 0);
}

}  // namespace imap
