#include "fs/cli/names_template.h"

#include "fs/cli/usage_error.h"
#include "tests/support/catch.h"

#include <utility>

using fs::checked_names_template;

TEST_CASE("a names template ends with the UID", "[fs][cli][names]") {
  CHECK(checked_names_template("uid") == "{uid}.eml");
  for (const auto* good :
       {"{uid}.eml", "{date} {from} - {subject}.{uid}.eml", "{subject}-{uid}.eml", "mail {uid}.eml",
        "{date}{from}_{uid}.eml", "Brief für {from}.{uid}.eml"}) {
    CHECK(checked_names_template(good) == good);
  }
  CHECK(checked_names_template(fs::kDefaultNames) == fs::kDefaultNames);
}

TEST_CASE("a names template that cannot work is refused with the reason", "[fs][cli][names]") {
  const std::string set_apart =
      "--names: {uid} must be set apart from what stands before it, as in .{uid}.eml";
  const std::string must_end =
      "--names: the template must end with {uid}.eml, which makes names unique";
  const std::string braces = "--names: braces must enclose a placeholder, as in {subject}";
  const std::string characters = "--names: a file name has neither slashes nor control characters";
  const std::pair<std::string, std::string> bad[] = {
      {"", must_end},
      {"UID", must_end},
      {"{subject}.eml", must_end},
      {"{subject}.{uid}", must_end},
      {"{uid}.eml.txt", must_end},
      {"{uid}.x.eml", must_end},
      {"{to}.{uid}.eml", "--names: unknown placeholder {to} (known: date, from, subject, uid)"},
      {"{}.{uid}.eml", "--names: unknown placeholder {} (known: date, from, subject, uid)"},
      {"{uid}.{uid}.eml", "--names: {uid} may only stand before .eml at the end"},
      {"{subject.{uid}.eml", braces},
      {"subject}.{uid}.eml", braces},
      {"{{subject}}.{uid}.eml", braces},
      {"{{uid}.eml", braces},
      {"{subject}{uid}.eml", set_apart},
      {"mail 1{uid}.eml", set_apart},
      {"a/{uid}.eml", characters},
      {"a\n{uid}.eml", characters},
      {"a\xff{uid}.eml", characters},
      {std::string(200, 'x') + ".{uid}.eml", "--names: the template is too long"}};
  for (const auto& [names, message] : bad) {
    INFO(names);
    std::string said = "nothing";
    try {
      checked_names_template(names);
    } catch (const fs::UsageError& error) {
      said = error.what();
    }
    CHECK(said == message);
  }
}
