#include "imap/wire/special_use.h"

#include "imap/base/ascii.h"

#include <array>
#include <utility>

namespace imap {
namespace {

/// The first name of a use is the one that is sent.
constexpr std::array<std::pair<std::string_view, SpecialUse>, 11> kNames{{
    {"\\All", SpecialUse::all},
    {"\\Archive", SpecialUse::archive},
    {"\\Drafts", SpecialUse::drafts},
    {"\\Flagged", SpecialUse::flagged},
    {"\\Important", SpecialUse::important},
    {"\\Junk", SpecialUse::junk},
    {"\\Sent", SpecialUse::sent},
    {"\\Trash", SpecialUse::trash},
    {"\\AllMail", SpecialUse::all},
    {"\\Spam", SpecialUse::junk},
    {"\\Starred", SpecialUse::flagged},
}};

}  // namespace

std::optional<SpecialUse> special_use_of(std::string_view attribute) {
  for (const auto& [name, use] : kNames) {
    if (equal_ignoring_case(name, attribute)) return use;
  }
  return std::nullopt;
}

std::string_view attribute_of(SpecialUse use) {
  for (const auto& [name, named] : kNames) {
    if (named == use) return name;
  }
  return {};
}

}  // namespace imap
