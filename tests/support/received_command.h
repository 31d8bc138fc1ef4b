#pragma once
/// One command as a server gets it, taken apart. A plain value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct ReceivedCommand {
  std::string tag;
  std::string name;  // upper case; with its second word for UID commands: `UID FETCH`
  std::vector<std::string> arguments;  // strings without quotes, lists with their parentheses
  std::string line;                    // all but the tag, for the log

  std::string argument(std::size_t index) const {
    return index < arguments.size() ? arguments[index] : std::string();
  }
};

/// Takes a line apart whose literals were made quoted strings before.
ReceivedCommand parse_command(std::string_view line);
/// The words of a text or of a parenthesised list; what stands in brackets or parentheses stays
/// together.
std::vector<std::string> words_of(std::string_view text);
/// The number of `(CHANGEDSINCE 7 VANISHED)`, if that is what the text is.
std::optional<std::uint64_t> modifier_of(std::string_view text, std::string_view name);
std::string quoted(std::string_view octets);
std::string upper(std::string_view text);

}  // namespace tests
