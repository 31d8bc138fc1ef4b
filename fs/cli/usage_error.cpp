#include "fs/cli/usage_error.h"

#include "fs/cli/safe_text.h"

namespace fs {

std::string shown_word(std::string_view word) {
  constexpr auto npos = std::string_view::npos;
  if (word.find("://") != npos || word.find('@') != npos) return "(not shown)";
  return '"' + safe_text(word) + '"';
}

}  // namespace fs
