#pragma once
/// Reads the tokens of one framed response from left to right. `try_x` leaves the cursor alone when
/// there is no x; `expect_x` throws ProtocolError with the offset. Views point into the frame and
/// live as long as it does. No recursion on input.

#include "imap/wire/frame.h"
#include "imap/wire/limits.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

class Lexer {
 public:
  Lexer(const Frame& frame, const Limits& limits) : frame_(frame), limits_(limits) {}

  bool at_end() const { return at_ == frame_.text.size(); }
  char peek() const { return at_end() ? '\0' : frame_.text[at_]; }
  /// What has not been read yet.
  std::string_view rest() const { return std::string_view(frame_.text).substr(at_); }
  const Limits& limits() const { return limits_; }

  bool try_char(char c);
  void expect_char(char c);
  /// Skips any number of spaces: servers double and append them.
  void skip_spaces();
  /// Everything up to `end` (not included) or the end of the text.
  std::string_view until(char end);

  /// An atom in the wide sense of what servers send: all but space, parentheses, quote and
  /// controls. Brackets and backslash are part of it. Empty when there is none.
  std::string_view try_atom();
  std::string_view expect_atom();
  /// A number of 64 bits. Also reads what mail.ru sends for large ones, `9.3736e+06`
  /// (MailKit#1838).
  std::optional<std::uint64_t> try_number();
  std::uint64_t expect_number();

  /// One string in any of its forms: quoted, literal, literal8 or atom; nothing for NIL.
  /// A streamed literal reads as an empty string: ask `try_streamed` first where one may stand.
  std::optional<std::string> expect_nstring();
  std::string expect_string();
  /// The size of a literal that was streamed away, if one stands here.
  std::optional<std::uint64_t> try_streamed();

  /// Skips one value of any form: atom, string, or a list with all it contains.
  void skip_value();

  [[noreturn]] void fail(std::string_view wanted) const;

 private:
  std::optional<std::string> try_quoted();
  std::optional<std::string> try_literal();
  /// The literal whose `{n}` stands here.
  const Frame::Literal* literal_here() const;

  const Frame& frame_;
  const Limits& limits_;
  std::size_t at_ = 0;
};

}  // namespace imap
