#include "imap/wire/capabilities.h"

#include "imap/base/ascii.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace imap {

void Capabilities::add(std::string_view atom) {
  if (!atom.empty()) atoms_.insert(to_upper(atom));
}

bool Capabilities::has(std::string_view atom) const {
  return atoms_.contains(to_upper(atom));
}

bool Capabilities::offers(std::string_view extension) const {
  static constexpr std::array kWithinRev2{
      "NAMESPACE", "UNSELECT", "UIDPLUS",       "ESEARCH",     "SEARCHRES", "ENABLE",     "IDLE",
      "SASL-IR",   "MOVE",     "LIST-EXTENDED", "LIST-STATUS", "LITERAL-",  "STATUS=SIZE"};
  if (has(extension)) return true;
  return is_only_rev2() && std::ranges::any_of(kWithinRev2, [&](std::string_view within) {
           return equal_ignoring_case(extension, within);
         });
}

std::optional<std::uint64_t> Capabilities::non_sync_literal() const {
  if (has("LITERAL+")) return std::numeric_limits<std::uint64_t>::max();
  if (has("LITERAL-") || has("IMAP4REV2")) return 4096;
  return std::nullopt;
}

std::optional<std::uint64_t> Capabilities::number_after(std::string_view name) const {
  const auto atom = atoms_.lower_bound(name);
  if (atom == atoms_.end() || !atom->starts_with(name)) return std::nullopt;
  std::uint64_t number = 0;
  const auto* const end = atom->data() + atom->size();
  const auto [stop, error] = std::from_chars(atom->data() + name.size(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace imap
