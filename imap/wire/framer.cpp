#include "imap/wire/framer.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace imap {
namespace {

/// The word after the first space: the kind of the response, such as `OK` or `LIST`; for `* 3
/// FETCH` the word after the number.
std::string_view kind_of(std::string_view text) {
  for (int word = 0; word < 2; ++word) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return {};
    text.remove_prefix(space + 1);
    const auto next = text.substr(0, text.find(' '));
    if (next.find_first_not_of("0123456789") != std::string_view::npos) return next;
  }
  return {};
}

/// Human text may end in something that looks like a literal; only a response code that is still
/// open at the end of the line may hold a real one.
bool may_hold_literal(std::string_view text) {
  if (text.starts_with('+')) return false;
  const auto kind = kind_of(text);
  for (const auto* status : {"OK", "NO", "BAD", "BYE", "PREAUTH"}) {
    if (!equal_ignoring_case(kind, status)) continue;
    const auto bracket = text.find('[');
    const auto after_kind = static_cast<std::size_t>(kind.data() - text.data()) + kind.size();
    return bracket == after_kind + 1 && text.find(']', bracket) == std::string_view::npos;
  }
  return true;
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
  const auto kind = kind_of(std::string_view(frame_.text).substr(0, 64));
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
  if (line_octets_ > limits_.line && line_octets_ > line_limit()) {
    throw ProtocolError(fmt::format("line of more than {} octets", line_limit()));
  }
  frame_.text.append(reinterpret_cast<const char*>(input.data()), used);
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
    return;
  }
  const auto announced =
      first_line && !may_hold_literal(line) ? std::nullopt : announced_literal(line);
  if (announced) {
    literal_left_ = *announced;
    state_ = State::literal_begin;
    return;
  }
  text.resize(text.size() - ending);
  state_ = State::complete;
}

void Framer::stream_literal() {
  if (literal_left_ > limits_.body) {
    throw LimitError(
        fmt::format("message of {} octets where {} are allowed", literal_left_, limits_.body));
  }
  frame_.streamed.push_back({frame_.text.size(), literal_left_});
  state_ = State::streamed_literal;
}

Framer::Step Framer::literal(std::span<const std::byte> input) {
  const bool streamed = state_ == State::streamed_literal;
  if (literal_left_ == 0) {
    state_ = State::text;
    line_begin_ = frame_.text.size();
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
  if (literal_left_ == 0) {
    state_ = State::text;
    line_begin_ = frame_.text.size();
  }
  return {Event::need_input, size, {}};
}

Frame Framer::take() {
  state_ = State::text;
  line_begin_ = 0;
  line_octets_ = 0;
  return std::exchange(frame_, Frame{});
}

}  // namespace imap
