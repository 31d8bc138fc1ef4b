#include "fs/tree/draft_names.h"

#include "fs/mail/folder_names.h"
#include "fs/tree/own_files.h"

#include <algorithm>
#include <array>

namespace fs {
namespace {

// Besides those that is_probe_name knows.
constexpr auto kLitter = std::to_array<std::string_view>({"Thumbs.db", "desktop.ini"});
constexpr auto kLitterBeginnings = std::to_array<std::string_view>({"._", ".Trash"});
constexpr auto kScratchEnds = std::to_array<std::string_view>({"~", ".part", ".swp", ".tmp"});

bool is_litter(std::string_view name) {
  return is_probe_name(name) || std::ranges::find(kLitter, name) != kLitter.end() ||
         std::ranges::any_of(kLitterBeginnings,
                             [name](auto beginning) { return name.starts_with(beginning); });
}

bool is_scratch(std::string_view name) {
  // `.x.eml.AbC123` of rsync, `.goutputstream-X` of GIO, `.x.swp` of vim, `#x#` of Emacs.
  return name.starts_with('.') || (name.starts_with('#') && name.ends_with('#')) ||
         std::ranges::any_of(kScratchEnds, [name](auto end) { return name.ends_with(end); });
}

}  // namespace

Fate fate_of(std::string_view name) {
  if (name == OwnFiles::kDirectory || is_litter(name)) return Fate::refused;
  return is_scratch(name) ? Fate::scratch : Fate::message;
}

}  // namespace fs
