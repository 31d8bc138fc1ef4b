#include "fs/cli/comma_options.h"

#include "tests/support/catch.h"

using fs::split_comma_options;
using Options = std::vector<fs::CommaOption>;

TEST_CASE("an -o list splits into names and values", "[fs][cli][comma_options]") {
  CHECK(split_comma_options("") == Options{});
  CHECK(split_comma_options("ro") == Options{{"ro", {}}});
  CHECK(split_comma_options("ro,tls=none") == Options{{"ro", {}}, {"tls", "none"}});
  CHECK(split_comma_options("fsname=") == Options{{"fsname", ""}});
  CHECK(split_comma_options("a=b=c") == Options{{"a", "b=c"}});
  CHECK(split_comma_options(",ro,,rw,") == Options{{"ro", {}}, {"rw", {}}});
}

TEST_CASE("a comma is escaped by a backslash in an -o list", "[fs][cli][comma_options]") {
  CHECK(split_comma_options(R"(names=a\,b,ro)") == Options{{"names", "a,b"}, {"ro", {}}});
  CHECK(split_comma_options(R"(names=a\\,ro)") == Options{{"names", R"(a\)"}, {"ro", {}}});
  CHECK(split_comma_options(R"(names=\\\,)") == Options{{"names", R"(\,)"}});
  CHECK(split_comma_options(R"(names=C:\x\)") == Options{{"names", R"(C:\x\)"}});
}
