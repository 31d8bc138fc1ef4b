#include "fs/mail/folder_names.h"

#include "fs/mail/file_names.h"
#include "imap/base/utf8.h"

#include <fmt/format.h>
#include <glib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace fs {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kEmpty = "%-";
constexpr std::size_t kHashMarkBytes = 10;  // `%~` and eight digits

constexpr auto kViews = std::to_array<std::string_view>(
    {".headers", ".imapfs", ".maildir", ".parts", ".search", ".text"});

// Sorted by octets. Names that begin with something are in is_probe_name.
constexpr auto kProbes = std::to_array<std::string_view>({
    ".DS_Store",              // macOS Finder
    ".Trash",                 // desktops: the trash of a volume
    ".aiderignore",           // coding tools
    ".autorun",               // desktops: what to start when a volume appears
    ".bzr",                   // version control in prompts and file managers
    ".clang-format",          // clang-format, clangd
    ".clang-tidy",            // clang-tidy, clangd
    ".clangd",                // clangd
    ".directory",             // Dolphin, Konqueror: how a folder looks
    ".dockerignore",          // Docker
    ".editorconfig",          // editors
    ".envrc",                 // direnv
    ".exrc",                  // vi
    ".git",                   // git, prompts, file managers
    ".gitattributes",         // git
    ".gitignore",             // git, ripgrep, fd
    ".gitmodules",            // git
    ".hg",                    // Mercurial, prompts
    ".hidden",                // GTK and Qt file choosers: names not to show
    ".hidden.txt",            // file managers
    ".ignore",                // ripgrep, fd, ag
    ".localized",             // macOS Finder
    ".mailcap",               // mail programs
    ".metadata_never_index",  // macOS Spotlight
    ".nomedia",               // Android and media scanners
    ".nvmrc",                 // nvm, prompts
    ".project",               // editors: the root of a project
    ".projectile",            // Emacs
    ".python-version",        // pyenv, prompts
    ".rgignore",              // ripgrep
    ".svn",                   // Subversion, prompts
    ".thumbnails",            // image viewers
    ".tool-versions",         // asdf, mise
    ".trackerignore",         // GNOME search
    ".venv",                  // Python prompts
    ".vimrc",                 // vim
    ".xdg-volume-info",       // desktops: name and icon of a volume
    "AACS",                   // desktops: is this a Blu-ray disc
    "AUTORUN.INF",            // desktops, Wine
    "Autorun.inf",            // desktops, Wine
    "BDMV",                   // desktops: is this a Blu-ray disc
    "BDSVM",                  // desktops: is this a Blu-ray disc
    "BUILD",                  // Bazel
    "BUILD.bazel",            // Bazel
    "CVS",                    // CVS, prompts
    "DCIM",                   // desktops: is this a camera
    "Desktop.ini",            // Windows clients over Samba
    "HVDVD_TS",               // desktops: is this an HD DVD
    "RCS",                    // RCS, Emacs, make
    "SCCS",                   // SCCS, Emacs, make
    "Thumbs.db",              // Windows clients over Samba
    "VIDEO_TS",               // desktops: is this a DVD
    "_darcs",                 // darcs, prompts
    "autorun",                // desktops: what to start when a volume appears
    "autorun.inf",            // desktops, Wine
    "autorun.sh",             // desktops
    "bdmv",                   // desktops: is this a Blu-ray disc
    "desktop.ini",            // Windows clients over Samba
    "folder.jpg",             // file managers, media scanners
    "package.json",           // Node, prompts
    "thumbs.db",              // Windows clients over Samba
    "tracker3-ignore",        // GNOME search
    "video_ts",               // desktops: is this a DVD
});
static_assert(std::ranges::is_sorted(kProbes));

constexpr auto kProbeBeginnings = std::to_array<std::string_view>({
    "._",            // macOS: resource fork of any file
    ".fuse_hidden",  // libfuse: an open file that was removed
    ".nfs",          // NFS clients: an open file that was removed
    ".~lock.",       // LibreOffice: is another editing this
});

void append_escaped(std::string& entry, std::string_view octets) {
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    entry += {'%', kHexDigits[octet >> 4U], kHexDigits[octet & 0xFU]};
  }
}

bool ends_like_message(std::string_view octets) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  };
  return octets.size() >= 4 &&
         std::ranges::equal(octets.substr(octets.size() - 4), std::string_view(".eml"), {}, lower);
}

/// Whether the dot at `at` would make the name mean something else.
bool is_telling_dot(std::string_view octets, std::size_t at) {
  if (octets == "." || octets == "..") return true;
  if (at == 0 && std::ranges::binary_search(kViews, octets)) return true;
  return at + 4 == octets.size() && ends_like_message(octets);
}

/// FNV-1a. Entries have to be the same in every run and on every machine, which std::hash does not
/// promise.
std::uint32_t hash_of(std::string_view octets, RawOctets is_raw) {
  std::uint64_t hash = is_raw == RawOctets::yes ? 0xCBF29CE484222325U : 0x84222325CBF29CE4U;
  for (const char c : octets) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  return static_cast<std::uint32_t>(hash ^ hash >> 32U);
}

std::string shortened(std::string_view entry, std::uint32_t hash) {
  auto kept = imap::cut_utf8(entry, kMaxName - kHashMarkBytes);
  const auto escape = kept.rfind('%');
  if (escape != std::string_view::npos && kept.size() - escape < 3) kept = kept.substr(0, escape);
  return fmt::format("{}%~{:08x}", kept, hash);
}

std::optional<char> octet_of(std::string_view escape) {
  if (escape.size() < 3) return std::nullopt;
  const auto high = kHexDigits.find(escape[1]);
  const auto low = kHexDigits.find(escape[2]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<char>(high << 4U | low);
}

}  // namespace

std::string escape_component(std::string_view octets, RawOctets is_raw) {
  std::string entry;
  if (octets.empty()) entry = kEmpty;
  for (std::size_t at = 0; at < octets.size();) {
    const auto unit = imap::first_utf8(octets.substr(at));
    const auto piece = octets.substr(at, unit.length);
    const auto character = unit.character.value_or(0);  // what is not UTF-8 is escaped as NUL is
    if (character == '/' || character == '%' || imap::is_control(character) ||
        imap::is_format(character) || (character == '.' && is_telling_dot(octets, at))) {
      append_escaped(entry, piece);
    } else {
      entry += piece;
    }
    at += unit.length;
  }
  if (is_raw == RawOctets::yes) entry += '%';
  return entry.size() <= kMaxName ? entry : shortened(entry, hash_of(octets, is_raw));
}

std::optional<FolderComponent> unescape_component(std::string_view entry) {
  if (entry.size() > kMaxName) return std::nullopt;
  FolderComponent component;
  auto rest = entry;
  if (rest.ends_with('%')) {
    component.is_raw = RawOctets::yes;
    rest.remove_suffix(1);
  }
  if (rest == kEmpty) rest = {};
  while (!rest.empty()) {
    if (rest.front() != '%') {
      component.octets += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    const auto octet = octet_of(rest);
    if (!octet) return std::nullopt;
    component.octets += *octet;
    rest.remove_prefix(3);
  }
  // Which octets are escaped is decided in one place; an entry that differs would be a second name
  // of the same directory.
  if (escape_component(component.octets, component.is_raw) != entry) return std::nullopt;
  return component;
}

std::string composed(std::string_view name) {
  const bool is_ascii =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii || !imap::is_utf8(name)) return std::string(name);
  const std::unique_ptr<char, decltype(&g_free)> result(
      g_utf8_normalize(name.data(), static_cast<gssize>(name.size()), G_NORMALIZE_NFC), g_free);
  return result ? std::string(result.get()) : std::string(name);
}

bool is_probe_name(std::string_view name) {
  if (std::ranges::binary_search(kProbes, name)) return true;
  constexpr std::string_view user_trash = ".Trash-";  // desktops: the trash of one user
  if (name.starts_with(user_trash)) {
    name.remove_prefix(user_trash.size());
    return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return std::ranges::any_of(kProbeBeginnings,
                             [name](auto start) { return name.starts_with(start); });
}

}  // namespace fs
