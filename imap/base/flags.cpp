#include "imap/base/flags.h"

#include "imap/base/ascii.h"

#include <array>
#include <utility>

namespace imap {

void Flags::add(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Bit>, 6> kSystemFlags{{
      {"\\Seen", seen},
      {"\\Answered", answered},
      {"\\Flagged", flagged},
      {"\\Deleted", deleted},
      {"\\Draft", draft},
      {"\\Recent", recent},
  }};
  for (const auto& [text, bit] : kSystemFlags) {
    if (equal_ignoring_case(name, text)) {
      bits |= bit;
      return;
    }
  }
  if (!name.empty() && name != "\\") keywords.emplace_back(name);
}

}  // namespace imap
