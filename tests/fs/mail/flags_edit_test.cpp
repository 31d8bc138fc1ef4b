#include "fs/mail/flags_edit.h"

#include "tests/support/catch.h"

using namespace fs;

namespace {

imap::Flags flags(std::initializer_list<const char*> names) {
  imap::Flags all;
  for (const auto* name : names) all.add(name);
  return all;
}

}  // namespace

TEST_CASE("flags that are written alone are all there are to be", "[fs][flags]") {
  const auto edit = parse_flags("\\Seen work", flags({"\\Flagged", "\\Recent", "WORK", "old"}));
  REQUIRE(edit);
  CHECK(edit->add == flags({"\\Seen"}));
  // Nobody can take \Recent off.
  CHECK(edit->remove == flags({"\\Flagged", "old"}));
}

TEST_CASE("flags with a sign change those that are named", "[fs][flags]") {
  const auto edit = parse_flags("  +\\seen   -work +$Label1 ", flags({"other"}));
  REQUIRE(edit);
  CHECK(edit->add == flags({"\\Seen", "$Label1"}));
  CHECK(edit->remove == flags({"work"}));
}

TEST_CASE("what is no flag is refused", "[fs][flags]") {
  const auto* text = GENERATE("\\Recent", "\\Other", "+", "-", "+a b", "a(b", "a\"b", "a{", "a%",
                              "a*", "a\\b", "a]", "tab\there", "\x7F", "M\xC3\xBCller");
  CHECK_FALSE(parse_flags(text, {}));
  CHECK_FALSE(parse_flags(std::string(256, 'x'), {}));
}

TEST_CASE("of two edits the later one counts", "[fs][flags]") {
  FlagsEdit edit{flags({"\\Seen", "a"}), flags({"b", "\\Flagged"})};
  edit.then({flags({"B", "\\Draft"}), flags({"A", "\\Seen"})});
  CHECK(edit.add == flags({"B", "\\Draft"}));
  CHECK(edit.remove == flags({"\\Flagged", "A", "\\Seen"}));
  cache::MessageRow row;
  row.flags = imap::Flags::seen | imap::Flags::flagged | imap::Flags::answered;
  row.keywords = {"a", "c"};
  edit.apply_to(row);
  CHECK(row.flags == (imap::Flags::answered | imap::Flags::draft));
  CHECK(row.keywords == std::vector<std::string>{"c", "B"});
}
