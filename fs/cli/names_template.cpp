#include "fs/cli/names_template.h"

#include "fs/cli/usage_error.h"
#include "fs/cli/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fs {
namespace {

constexpr std::string_view kEnding = "{uid}.eml";
constexpr std::array<std::string_view, 3> kPlaceholders{"date", "from", "subject"};
// A file name has 255 bytes, and something must be left for what the placeholders stand for.
constexpr std::size_t kLongestTemplate = 150;

void check_placeholders(std::string_view text) {
  while (true) {
    const auto brace = text.find_first_of("{}");
    if (brace == std::string_view::npos) return;
    const auto end = text.find_first_of("{}", brace + 1);
    if (text[brace] == '}' || end == std::string_view::npos || text[end] == '{') {
      throw UsageError("--names: braces must enclose a placeholder, as in {subject}");
    }
    const auto name = text.substr(brace + 1, end - brace - 1);
    if (name == "uid") throw UsageError("--names: {uid} may only stand before .eml at the end");
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      throw UsageError(fmt::format(
          "--names: unknown placeholder {{{}}} (known: date, from, subject, uid)", name));
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string checked_names_template(std::string_view names) {
  if (names == "uid") return std::string(kEnding);
  if (names.size() > kLongestTemplate) throw UsageError("--names: the template is too long");
  if (!is_plain_text(names) || names.find('/') != std::string_view::npos) {
    throw UsageError("--names: a file name has neither slashes nor control characters");
  }
  if (!names.ends_with(kEnding)) {
    throw UsageError("--names: the template must end with {uid}.eml, which makes names unique");
  }
  const auto beginning = names.substr(0, names.size() - kEnding.size());
  check_placeholders(beginning);
  if (beginning.ends_with('}') ||
      (!beginning.empty() && beginning.back() >= '0' && beginning.back() <= '9')) {
    throw UsageError(
        "--names: {uid} must be set apart from what stands before it, as in .{uid}.eml");
  }
  return std::string(names);
}

}  // namespace fs
