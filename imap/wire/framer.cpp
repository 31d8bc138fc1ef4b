#include "imap/wire/framer.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace imap {
namespace {

/// The kind of a response stands within so many octets from its beginning.
constexpr std::size_t kKindWithin = 64;

/// The word after the first spaces: the kind of the response, such as `OK` or `LIST`; for `* 3
/// FETCH` the word after the number.
std::string_view kind_of(std::string_view text) {
  for (int word = 0; word < 2; ++word) {
    text.remove_prefix(std::min(text.find(' '), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto next = text.substr(0, text.find(' '));
    if (next.find_first_not_of("0123456789") != std::string_view::npos) return next;
  }
  return {};
}

bool is_status(std::string_view kind) {
  return std::ranges::any_of(
      std::array{"OK", "NO", "BAD", "BYE", "PREAUTH"},
      [kind](std::string_view status) { return equal_ignoring_case(kind, status); });
}

/// Human text may end in something that looks like a literal; only a response code that is still
/// open at the end of the line may hold a real one.
bool may_hold_literal(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\0'), text.size()));
  if (text.starts_with('+')) return false;
  auto kind = kind_of(text);
  if (!is_status(kind) && !kind.starts_with('[')) return true;
  auto after_kind = text.substr(static_cast<std::size_t>(kind.data() - text.data()));
  if (!kind.starts_with('[')) after_kind.remove_prefix(kind.size());
  after_kind.remove_prefix(std::min(after_kind.find_first_not_of(' '), after_kind.size()));
  return after_kind.starts_with('[') && after_kind.find(']') == std::string_view::npos;
}

/// The size that a line announces at its end: `{n}`, `{n+}` (servers echo it) or `~{n}`.
std::optional<std::uint64_t> announced_literal(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  const auto open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  auto digits = line.substr(open + 1, line.size() - open - 2);
  if (digits.ends_with('+')) digits.remove_suffix(1);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    throw ProtocolError("literal of more than 2^64 octets");
  return size;
}

}  // namespace

Framer::Step Framer::step(std::span<const std::byte> input) {
  switch (state_) {
    case State::text:
      return text(input);
    case State::after_stray_line:
      return after_stray_line(input);
    case State::literal_begin:
      state_ = State::kept_literal;
      if (literal_left_ > limits_.literal) {
        throw LimitError(fmt::format("literal of {} octets where {} are allowed", literal_left_,
                                     limits_.literal));
      }
      return literal(input);
    case State::kept_literal:
    case State::streamed_literal:
      return literal(input);
    case State::complete:
      break;
  }
  return {Event::response, 0, {}};
}

std::size_t Framer::line_limit() const {
  const auto kind = kind_of(std::string_view(frame_.text).substr(0, kKindWithin));
  for (const auto* long_kind : {"SEARCH", "ESEARCH", "VANISHED", "FETCH"}) {
    if (equal_ignoring_case(kind, long_kind)) return limits_.long_line;
  }
  return limits_.line;
}

Framer::Step Framer::text(std::span<const std::byte> input) {
  const auto* newline = input.empty() ? nullptr : std::memchr(input.data(), '\n', input.size());
  const auto used =
      newline == nullptr
          ? input.size()
          : static_cast<std::size_t>(static_cast<const std::byte*>(newline) - input.data()) + 1;
  line_octets_ += used;
  frame_.text.append(reinterpret_cast<const char*>(input.data()), used);
  if (line_octets_ > limits_.line && line_octets_ > line_limit()) {
    throw ProtocolError(fmt::format("line of more than {} octets", line_limit()));
  }
  if (frame_.text.size() > limits_.response) {
    throw ProtocolError(fmt::format("response of more than {} octets", limits_.response));
  }
  if (newline == nullptr) return {Event::need_input, used, {}};
  end_of_line();
  if (state_ == State::literal_begin) return {Event::literal, used, {}};
  if (state_ == State::complete) return {Event::response, used, {}};
  return {Event::need_input, used, {}};
}

void Framer::end_of_line() {
  auto& text = frame_.text;
  // LF alone ends a line, too: some servers and every hand-typed test write it.
  const auto ending = text.size() >= 2 && text[text.size() - 2] == '\r' ? 2U : 1U;
  const auto line = std::string_view(text).substr(line_begin_, text.size() - line_begin_ - ending);
  const bool first_line = line_begin_ == 0;
  if (first_line && line.find_first_not_of('\0') == std::string_view::npos) {
    // An empty line between responses, or NULs before one (seen by imapflow): nothing is lost.
    text.clear();
    line_octets_ = 0;
    if (++empty_lines_ > limits_.empty_lines) {
      throw ProtocolError(fmt::format("more than {} empty lines", limits_.empty_lines));
    }
    return;
  }
  const auto kind = kind_of(std::string_view(text).substr(0, kKindWithin));
  // After a literal within a response code, a bracket ends what may hold another.
  const bool may_hold = first_line ? may_hold_literal(line)
                                   : !is_status(kind) || line.find(']') == std::string_view::npos;
  if (const auto announced = may_hold ? announced_literal(line) : std::nullopt) {
    return begin_literal(*announced);
  }
  if (!first_line && line.empty() && equal_ignoring_case(kind, "FETCH")) {
    // A row never ends with a literal, but Domino puts a CRLF of its own after one (MailKit#954).
    state_ = State::after_stray_line;
    return;
  }
  text.resize(text.size() - ending);
  state_ = State::complete;
}

Framer::Step Framer::after_stray_line(std::span<const std::byte> input) {
  if (input.empty()) return {Event::need_input, 0, {}};
  const auto next = static_cast<char>(input.front());
  if (next == ')' || next == ' ') {
    state_ = State::text;
    line_begin_ = frame_.text.size();
    return {Event::need_input, 0, {}};
  }
  // Yandex leaves a row unfinished and begins the next one (MailKit#1997).
  frame_.text.resize(line_begin_);
  state_ = State::complete;
  return {Event::response, 0, {}};
}

void Framer::begin_literal(std::uint64_t size) {
  if (frame_.literals.size() >= limits_.list_items) {
    throw ProtocolError(fmt::format("response of more than {} literals", limits_.list_items));
  }
  literal_left_ = size;
  frame_.literals.push_back({frame_.text.size(), size, false});
  state_ = State::literal_begin;
}

void Framer::end_literal() {
  state_ = State::text;
  line_begin_ = frame_.text.size();
}

void Framer::stream_literal() {
  if (literal_left_ > limits_.body) {
    throw LimitError(
        fmt::format("message of {} octets where {} are allowed", literal_left_, limits_.body));
  }
  frame_.literals.back().streamed = true;
  state_ = State::streamed_literal;
}

Framer::Step Framer::literal(std::span<const std::byte> input) {
  const bool streamed = state_ == State::streamed_literal;
  if (literal_left_ == 0) {
    end_literal();
    return {streamed ? Event::literal_end : Event::need_input, 0, {}};
  }
  if (input.empty()) return {Event::need_input, 0, {}};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), literal_left_));
  literal_left_ -= size;
  if (streamed) return {Event::literal_data, size, input.first(size)};
  frame_.text.append(reinterpret_cast<const char*>(input.data()), size);
  if (frame_.text.size() > limits_.response) {
    throw ProtocolError(fmt::format("response of more than {} octets", limits_.response));
  }
  if (literal_left_ == 0) end_literal();
  return {Event::need_input, size, {}};
}

Frame Framer::take() {
  state_ = State::text;
  line_begin_ = 0;
  line_octets_ = 0;
  empty_lines_ = 0;
  return std::exchange(frame_, Frame{});
}

}  // namespace imap
