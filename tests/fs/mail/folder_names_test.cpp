#include "fs/mail/folder_names.h"

#include "fs/mail/file_names.h"
#include "imap/base/mailbox_name.h"
#include "imap/base/utf8.h"
#include "tests/support/catch.h"

#include <map>
#include <random>
#include <string>
#include <utility>

namespace {

using fs::escape_component;
using fs::FolderComponent;
using fs::RawOctets;
using fs::unescape_component;

/// Why `entry` may not stand in a directory; empty when it may.
std::string objection(std::string_view entry) {
  if (entry.empty() || entry == "." || entry == "..") return "no name";
  if (entry.size() > fs::kMaxName) return "too long";
  if (fs::uid_of(entry)) return "looks like a message";
  while (!entry.empty()) {
    const auto unit = imap::first_utf8(entry);
    if (!unit.character) return "not UTF-8";
    if (imap::is_control(*unit.character) || imap::is_format(*unit.character) ||
        *unit.character == '/') {
      return "bad character";
    }
    entry.remove_prefix(unit.length);
  }
  return {};
}

std::string random_octets(std::mt19937& random) {
  constexpr std::string_view telling = "%%%..//&~-_09AFaf\xE2\x80\xAE\xC3\xBC\x01 .eml.headers";
  std::string octets(random() % 8, '\0');
  for (auto& octet : octets) {
    octet = random() % 8 == 0 ? static_cast<char>(random()) : telling[random() % telling.size()];
  }
  if (random() % 8 == 0) octets += ".eml";
  if (random() % 8 == 0) octets = ".headers";
  return octets;
}

}  // namespace

TEST_CASE("most folder names are shown as they are", "[fs][folder_names]") {
  for (const std::string name :
       {"INBOX", "Sent Items", "Entw\u00fcrfe", "R&D", "a.b", ".hidden", "eml", "x.eml.old", "~",
        " x ", "-rf", "*", "\\", "\U0001F600", "\u05d0\u05d1", "e\u0301", ".headers2", "..."}) {
    INFO(name);
    CHECK(escape_component(name, RawOctets::no) == name);
    CHECK(unescape_component(name) == FolderComponent{name, RawOctets::no});
  }
}

TEST_CASE("what cannot be a directory's name is escaped", "[fs][folder_names]") {
  const std::pair<std::string, std::string> names[] = {
      {"", "%-"},
      {".", "%2E"},
      {"..", "%2E%2E"},
      {"a/b", "a%2Fb"},
      {"/", "%2F"},
      {"../..", "..%2F.."},
      {"100%", "100%25"},
      {"%2F", "%252F"},
      {std::string("a\0b", 3), "a%00b"},
      {"a\tb\x1B\x7F", "a%09b%1B%7F"},
      {"a\u0085b", "a%C2%85b"},
      {"\u202egpj", "%E2%80%AEgpj"},
      {"a\u200bb", "a%E2%80%8Bb"},
      {"bad\xFF", "bad%FF"},
      {"cut\xE2\x80", "cut%E2%80"},
      {"x.eml", "x%2Eeml"},
      {"1.EmL", "1%2EEmL"},
      {".eml", "%2Eeml"},
      {".headers", "%2Eheaders"},
      {".imapfs", "%2Eimapfs"},
      {".maildir", "%2Emaildir"},
      {".parts", "%2Eparts"},
      {".search", "%2Esearch"},
      {".text", "%2Etext"},
  };
  for (const auto& [name, entry] : names) {
    INFO(entry);
    CHECK(escape_component(name, RawOctets::no) == entry);
    CHECK(unescape_component(entry) == FolderComponent{name, RawOctets::no});
  }
}

TEST_CASE("raw octets are marked", "[fs][folder_names]") {
  const std::pair<std::string, std::string> names[] = {
      {"R&D", "R&D%"},
      {"Entw\xFCrfe", "Entw%FCrfe%"},
      {"Entw\u00fcrfe", "Entw\u00fcrfe%"},
      {"a\tb", "a%09b%"},
      {"&JjoA-", "&JjoA-%"},
      {"x&.eml", "x&%2Eeml%"},
      {"", "%-%"},
      {"%", "%25%"},
  };
  for (const auto& [name, entry] : names) {
    INFO(entry);
    CHECK(escape_component(name, RawOctets::yes) == entry);
    CHECK(unescape_component(entry) == FolderComponent{name, RawOctets::yes});
  }
}

TEST_CASE("a name of the wire and its look-alike have different entries", "[fs][folder_names]") {
  // Each is listed decoded where it decodes, raw where it does not.
  std::map<std::string, std::string> entries;
  for (const std::string wire :
       {"R&-D", "R&D", "a\tb", "a&AAk-b", "Entw&APw-rfe", "Entw\xC3\xBCrfe", "Entw\xFCrfe", "&IC4-",
        "\xE2\x80\xAE", "a%25", "a%", "&-%26", "%26", "&"}) {
    const auto text = imap::decode_modified_utf7(wire);
    const auto entry =
        text ? escape_component(*text, RawOctets::no) : escape_component(wire, RawOctets::yes);
    INFO(wire << " and " << entries[entry] << " are both " << entry);
    CHECK(entries[entry].empty());
    entries[entry] = wire;
  }
}

TEST_CASE("an entry that no component has is not turned back", "[fs][folder_names]") {
  for (const std::string entry :
       {"",           ".",    "..",      "%",      "a%",   "%2",    "%2f",   "%41",
        "%%",         "%-x",  "x%-",     "a/b",    "a\tb", "x.eml", ".text", "100% sure",
        "%~00000000", "\xFF", "a\u202e", "%C3%BC", "%2Ex", "x%2E",  "x%2Eem"}) {
    INFO(entry);
    const auto component = unescape_component(entry);
    // `a%` is what raw octets look like, and reads as such.
    CHECK(component.has_value() == (entry == "a%"));
  }
  CHECK_FALSE(unescape_component(std::string(256, 'a')).has_value());
}

TEST_CASE("a long entry is cut at a character and ends in a hash", "[fs][folder_names]") {
  const std::string fits(255, 'a');
  CHECK(escape_component(fits, RawOctets::no) == fits);
  CHECK(unescape_component(fits) == FolderComponent{fits, RawOctets::no});

  std::string emoji;
  while (emoji.size() < 400) emoji += "\U0001F600";
  for (const auto& name : {std::string(256, 'a'), std::string(100, '\xFF'), emoji,
                           std::string(254, 'a') + "/", std::string(243, 'a') + "//////"}) {
    for (const auto raw : {RawOctets::no, RawOctets::yes}) {
      const auto entry = escape_component(name, raw);
      INFO(entry);
      CHECK(objection(entry).empty());
      CHECK(entry.size() > fs::kMaxName - 6);
      CHECK(entry.substr(entry.size() - 10, 2) == "%~");
      CHECK_FALSE(unescape_component(entry).has_value());
      CHECK(escape_component(name + "x", raw) != entry);
    }
    CHECK(escape_component(name, RawOctets::no) != escape_component(name, RawOctets::yes));
  }
  // Kept tables outlive a run, so the hash must never change.
  CHECK(escape_component(std::string(300, 'a'), RawOctets::no) ==
        std::string(245, 'a') + "%~e6d5b9a1");
}

TEST_CASE("different components have different entries", "[fs][folder_names]") {
  std::mt19937 random(47);
  std::map<std::string, FolderComponent> entries;
  for (int round = 0; round < 50'000; ++round) {
    const FolderComponent component{random_octets(random),
                                    random() % 2 == 0 ? RawOctets::no : RawOctets::yes};
    const auto entry = escape_component(component.octets, component.is_raw);
    INFO(Catch::StringMaker<std::string>::convert(component.octets) << " as " << entry);
    REQUIRE(objection(entry).empty());
    REQUIRE(unescape_component(entry) == component);
    REQUIRE(entries.try_emplace(entry, component).first->second == component);
  }
}

TEST_CASE("an entry that turns back is the entry of what it turns to", "[fs][folder_names]") {
  std::mt19937 random(74);
  int turned = 0;
  for (int round = 0; round < 50'000; ++round) {
    const auto entry = random_octets(random);
    const auto component = unescape_component(entry);
    if (!component) continue;
    ++turned;
    INFO(Catch::StringMaker<std::string>::convert(entry));
    REQUIRE(escape_component(component->octets, component->is_raw) == entry);
  }
  CHECK(turned > 1000);
}

TEST_CASE("names that tools ask for are known", "[fs][folder_names]") {
  for (const std::string_view name : {".Trash",        ".Trash-1000",
                                      ".hidden",       ".directory",
                                      "autorun.inf",   ".xdg-volume-info",
                                      ".git",          ".svn",
                                      ".hg",           ".nomedia",
                                      "desktop.ini",   ".DS_Store",
                                      "._INBOX",       ".fuse_hidden000012",
                                      "Thumbs.db",     ".envrc",
                                      ".editorconfig", ".ignore",
                                      ".gitignore",    ".rgignore",
                                      "BUILD"}) {
    INFO(name);
    CHECK(fs::is_probe_name(name));
  }
  for (const std::string_view name :
       {"", ".", "INBOX", "Trash", ".Trash-", ".Trash-x", ".Trash-1x", ".gi", ".gitx", "build",
        ".headers", ".text", ".parts", ".search", ".maildir", ".imapfs", "1.eml", "_", "."}) {
    INFO(name);
    CHECK_FALSE(fs::is_probe_name(name));
  }
}
