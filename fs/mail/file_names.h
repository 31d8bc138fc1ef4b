#pragma once
/// What a message is called in its directory. A name says who wrote when about what, and always
/// ends in the UID: that makes it unique and lets it be resolved without an index, even when the
/// rest was made by another template or of headers that have changed since. Values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

/// NAME_MAX of Linux, in bytes.
inline constexpr std::size_t kMaxName = 255;

/// What a name is made of. The texts may be anything; see MessageHeaders.
struct NameFields {
  std::int64_t time = 0;  // unix seconds
  std::string_view from_name = {};
  std::string_view from_address = {};
  std::string_view subject = {};
  std::uint32_t uid = 0;
};

/// Where a day begins. Local time is what `ls -l` and mail programs show; UTC does not depend on
/// the machine.
enum class DayOf { local_time, utc };

class NameTemplate {
 public:
  static constexpr std::string_view kDefault = "{date} {from} - {subject}.{uid}.eml";
  /// Bytes of text outside placeholders, so that there is always room for what they stand for.
  static constexpr std::size_t kMaxLiteral = 100;

  /// `text` is file name text with the placeholders {date} (yyyy-mm-dd), {from} (display name, else
  /// address), {subject}, each at most once, and at the end `{uid}.eml`, after a dot or alone.
  /// `uid` is short for `{uid}.eml`. Throws std::invalid_argument that says what is wrong with it:
  /// another placeholder, a lone brace, `/`, characters a name may not have, more than kMaxLiteral
  /// bytes of other text, or a dot, dash or space at the beginning.
  explicit NameTemplate(std::string_view text, DayOf day = DayOf::local_time);

  /// At most kMaxName bytes of valid UTF-8 without `/`, controls and format characters, not
  /// beginning with a dot, dash or space, and ending in the UID and `.eml`. What is too long loses
  /// its end: the subject first, down to 32 bytes, then the sender. A missing sender is `unknown`,
  /// a missing subject `no subject`. The same fields always give the same name (in the same time
  /// zone).
  std::string name(const NameFields& fields) const;

 private:
  enum class Kind { literal, date, from, subject };
  struct Piece {
    Kind kind;
    std::string literal;
  };

  void add_literal(std::string_view literal);
  void add_placeholder(std::string_view placeholder);
  bool has(Kind kind) const;
  bool begins_with(Kind kind) const { return !pieces_.empty() && pieces_.front().kind == kind; }

  const DayOf day_;
  std::vector<Piece> pieces_;  // all but the UID and `.eml`
  std::size_t literal_bytes_ = 0;
};

/// The UID in a name that ends in `.{uid}.eml` or is `{uid}.eml`, whatever stands before; nothing
/// for any other name. A UID has no leading zeros and is not 0.
std::optional<std::uint32_t> uid_of(std::string_view file_name);

}  // namespace fs
