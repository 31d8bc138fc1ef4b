#include "fs/tree/draft_names.h"

#include "tests/support/catch.h"

using fs::Fate;
using fs::fate_of;

TEST_CASE("what programs keep beside a file stays here", "[fs][drafts]") {
  for (const auto* name : {".x.eml.AbC123", ".goutputstream-ABCDEF", ".x.swp", "x.eml~", "x.tmp",
                           "x.eml.part", "#x#", ".#x"}) {
    CAPTURE(name);
    CHECK(fate_of(name) == Fate::scratch);
  }
}

TEST_CASE("what desktops leave everywhere is refused", "[fs][drafts]") {
  for (const auto* name : {".directory", ".DS_Store", "._x.eml", ".Trash", ".Trash-1000", ".hidden",
                           "desktop.ini", "Thumbs.db", ".imapfs"}) {
    CAPTURE(name);
    CHECK(fate_of(name) == Fate::refused);
  }
}

TEST_CASE("every other file is meant to be a message", "[fs][drafts]") {
  for (const auto* name :
       {"x.eml", "0001-a-patch.patch", "4913", "sedAbCdEf", "12.eml", "#x", "a.tmp.eml"}) {
    CAPTURE(name);
    CHECK(fate_of(name) == Fate::message);
  }
}
