#include "imap/wire/capabilities.h"

#include "imap/base/ascii.h"

#include <limits>

namespace imap {

void Capabilities::add(std::string_view atom) {
  if (!atom.empty()) atoms_.insert(to_upper(atom));
}

bool Capabilities::has(std::string_view atom) const {
  return atoms_.contains(to_upper(atom));
}

std::optional<std::uint64_t> Capabilities::non_sync_literal() const {
  if (has("LITERAL+")) return std::numeric_limits<std::uint64_t>::max();
  if (has("LITERAL-") || has("IMAP4REV2")) return 4096;
  return std::nullopt;
}

}  // namespace imap
