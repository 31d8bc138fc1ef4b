#pragma once
/// The flags of one message: the system flags as bits, keywords by name. A plain value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

struct Flags {
  enum Bit : std::uint32_t {
    seen = 1,
    answered = 2,
    flagged = 4,
    deleted = 8,
    draft = 16,
    recent = 32,
  };

  std::uint32_t bits = 0;
  std::vector<std::string> keywords;

  bool has(Bit bit) const { return (bits & bit) != 0; }
  /// Adds one flag as it stands on the wire: `\Seen` in any case becomes its bit, an unknown system
  /// flag or a keyword is kept by name. An empty name or a lone `\` is ignored (home.pl sends it).
  void add(std::string_view name);
  /// The names as they stand on the wire, system flags first. The views live as long as this does.
  std::vector<std::string_view> names() const;
  bool operator==(const Flags&) const = default;
};

}  // namespace imap
