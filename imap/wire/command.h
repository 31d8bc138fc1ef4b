#pragma once
/// One command on its way out. Every argument passes one encoder, so that nothing a user or a
/// server named can become protocol. The tag is put in front by whoever sends it.

#include "imap/base/flags.h"
#include "imap/base/secret.h"
#include "imap/base/uid_set.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

class Command {
 public:
  struct Part {
    std::string octets;
    bool literal = false;  // sent as `{n}` and then the octets
    bool secret = false;
    ~Part();
    Part(std::string text, bool is_literal, bool is_secret)
        : octets(std::move(text)), literal(is_literal), secret(is_secret) {}
    Part(const Part&) = default;
    Part(Part&&) = default;
    Part& operator=(const Part&) = default;
    Part& operator=(Part&&) = default;
  };

  /// `text` is the beginning of the command as this program writes it: `UID FETCH`.
  explicit Command(std::string_view text);

  /// Adds text of this program's own, as it is, after a space.
  Command& raw(std::string_view text);
  /// Adds a string of any octets: quoted where that can hold it, else a literal. Throws
  /// std::invalid_argument for NUL, which no string can hold (RFC 3501 section 9, CHAR8).
  Command& string(std::string_view octets);
  /// The same where the server takes UTF-8 in quoted strings (RFC 6855 section 3).
  Command& utf8_string(std::string_view octets);
  /// The same for what no trace may show.
  Command& secret(std::string_view octets);
  /// The set must not be empty.
  Command& uids(const UidSet& set);
  /// Adds a list of flags without \Recent, which no client may set. Throws std::invalid_argument
  /// for a keyword that is no atom.
  Command& flags(const Flags& flags);
  /// Adds the date-time of APPEND, in UTC. Throws std::invalid_argument for years that have not
  /// four digits.
  Command& date_time(std::int64_t unix_seconds);

  const std::vector<Part>& parts() const { return parts_; }
  /// What a trace shows: secrets as ***, literals by their size.
  std::string redacted() const;

 private:
  void append(std::string_view text);
  enum class Charset { ascii, utf8 };
  void add_string(std::string_view octets, Charset quotable, bool is_secret);

  std::vector<Part> parts_;
};

}  // namespace imap
