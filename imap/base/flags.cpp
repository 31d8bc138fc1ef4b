#include "imap/base/flags.h"

#include "imap/base/ascii.h"

#include <array>
#include <utility>

namespace imap {

namespace {

constexpr std::array<std::pair<std::string_view, Flags::Bit>, 6> kSystemFlags{{
    {"\\Seen", Flags::seen},
    {"\\Answered", Flags::answered},
    {"\\Flagged", Flags::flagged},
    {"\\Deleted", Flags::deleted},
    {"\\Draft", Flags::draft},
    {"\\Recent", Flags::recent},
}};

}  // namespace

void Flags::add(std::string_view name) {
  for (const auto& [text, bit] : kSystemFlags) {
    if (equal_ignoring_case(name, text)) {
      bits |= bit;
      return;
    }
  }
  if (!name.empty() && name != "\\") keywords.emplace_back(name);
}

std::vector<std::string_view> Flags::names() const {
  std::vector<std::string_view> all;
  for (const auto& [text, bit] : kSystemFlags) {
    if (has(bit)) all.push_back(text);
  }
  all.insert(all.end(), keywords.begin(), keywords.end());
  return all;
}

}  // namespace imap
