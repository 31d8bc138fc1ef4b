#include "fs/cli/flag_words.h"

#include "imap/base/ascii.h"

#include <array>
#include <utility>

namespace fs {
namespace {

bool is_change(std::string_view word) {
  return word.size() > 1 && (word.front() == '+' || word.front() == '-') && word[1] != '-' &&
         word != "-h";
}

/// People write `seen` for what the protocol calls `\Seen`; anything else is a keyword.
std::string on_the_wire(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kSystem{"\\Seen", "\\Answered", "\\Flagged",
                                                           "\\Deleted", "\\Draft"};
  for (const auto flag : kSystem) {
    if (imap::equal_ignoring_case(name, flag.substr(1))) return std::string(flag);
  }
  return std::string(name);
}

}  // namespace

std::vector<std::string> take_flag_changes(std::vector<std::string>& arguments) {
  std::vector<std::string> changes;
  std::vector<std::string> others;
  bool ended = false;
  for (auto& word : arguments) {
    ended = ended || word == "--";
    if (!ended && is_change(word)) {
      changes.push_back(word.front() + on_the_wire(std::string_view(word).substr(1)));
    } else {
      others.push_back(std::move(word));
    }
  }
  arguments = std::move(others);
  return changes;
}

}  // namespace fs
