#pragma once
/// A change of flags, made of what is set and what is taken off; the rest stays as it is. A plain
/// value.

#include "cache/rows.h"
#include "imap/base/flags.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

/// Flags to be set and to be taken off.
struct FlagsEdit {
  imap::Flags add;
  imap::Flags remove;

  /// This edit and after it another one.
  void then(const FlagsEdit& next);
  void apply_to(cache::MessageRow& row) const;
  bool operator==(const FlagsEdit&) const = default;
};

/// What a user has written, names as on the wire with spaces between them: all the flags that a
/// message is to have (`\Seen work`), or what is to change (`+\Seen -work`). Nothing for what is
/// neither, or names flags that there are not, or \Recent, which nobody sets.
std::optional<FlagsEdit> parse_flags(std::string_view text, const imap::Flags& now);

/// Whether one of these keywords is the other one but for its case (RFC 9051 section 2.3.2).
bool has_keyword(const std::vector<std::string>& keywords, const std::string& keyword);

}  // namespace fs
