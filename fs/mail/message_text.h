#pragma once
/// From a file to the message that is sent: which octets these are, and whether it is a message at
/// all (RFC 5322). Both work piece by piece in constant memory and do not care where the pieces
/// end. Values of one thread.

#include "fs/mail/errors.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fs {

/// Lines end in CRLF on the wire, and the last one ends, too: Yahoo refuses a message that does
/// not. A lone LF becomes CRLF; a lone CR stays what it is. Left out are a byte order mark at the
/// beginning, and the `From ` line of an mbox, which `git format-patch` writes as well.
class MessageText {
 public:
  /// Appends to `out` what becomes of the next piece of the file.
  void add(std::string_view piece, std::string& out);
  /// The file has ended.
  void finish(std::string& out);

 private:
  enum class Place { beginning, mbox_line, message };

  void begin(std::string& out);
  void add_lines(std::string_view piece, std::string& out);

  Place place_ = Place::beginning;
  std::string first_;  // octets, until it is clear how the file begins
  char last_ = '\n';   // of what went to the message
};

/// It is not a message; says what is wrong with it.
class NotAMessageError : public MailError {
 public:
  using MailError::MailError;
};

/// Looks at what MessageText makes.
class MessageScanner {
 public:
  /// Of a header more than this is not kept.
  static constexpr std::size_t kMostHeader = std::size_t{64} << 10U;

  /// Throws NotAMessageError as soon as it is clear.
  void add(std::string_view piece);
  /// Throws NotAMessageError unless it was one.
  void finish();

  std::uint64_t size() const { return size_; }
  /// The header, or its beginning.
  const std::string& header() const { return header_; }
  /// NUL in the body; in the header it is no message.
  bool has_nul() const { return has_nul_; }
  /// Octets of 8 bits in the header, all of them valid UTF-8.
  bool has_utf8_header() const;

 private:
  void end_line();

  std::uint64_t size_ = 0;
  std::string header_;
  std::string line_;  // of the header, as far as it has come and is of interest
  bool in_header_ = true;
  bool any_field_ = false;
  bool mail_field_ = false;  // one that tells mail from other text
  bool has_nul_ = false;
};

}  // namespace fs
