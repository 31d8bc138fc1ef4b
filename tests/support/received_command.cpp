#include "tests/support/received_command.h"

#include <algorithm>
#include <cctype>

namespace tests {
namespace {

std::string take_quoted(std::string_view& left) {
  std::string octets;
  left.remove_prefix(1);
  while (!left.empty() && left.front() != '"') {
    if (left.front() == '\\') left.remove_prefix(1);
    octets += left.front();
    left.remove_prefix(1);
  }
  left.remove_prefix(std::min<std::size_t>(1, left.size()));
  return octets;
}

std::string take_word(std::string_view& left) {
  int depth = 0;
  std::size_t size = 0;
  for (; size < left.size(); ++size) {
    const char c = left[size];
    if (c == ' ' && depth == 0) break;
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
  }
  std::string word(left.substr(0, size));
  left.remove_prefix(size);
  return word;
}

}  // namespace

std::string quoted(std::string_view octets) {
  std::string text = "\"";
  for (const char c : octets) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text += '"';
}

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::vector<std::string> words_of(std::string_view text) {
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  std::vector<std::string> words;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
    } else if (text.front() == '"') {
      words.push_back(take_quoted(text));
    } else {
      words.push_back(take_word(text));
    }
  }
  return words;
}

std::optional<std::uint64_t> modifier_of(std::string_view text, std::string_view name) {
  const auto words = text.starts_with('(') ? words_of(text) : std::vector<std::string>();
  if (words.size() < 2 || upper(words[0]) != name) return std::nullopt;
  return std::stoull(words[1]);
}

ReceivedCommand parse_command(std::string_view line) {
  ReceivedCommand command;
  const auto space = line.find(' ');
  command.tag = line.substr(0, space);
  if (space == std::string_view::npos) return command;
  command.line = line.substr(space + 1);
  command.arguments = words_of(command.line);
  const auto take_first = [&command] {
    if (command.arguments.empty()) return std::string();
    auto first = upper(command.arguments.front());
    command.arguments.erase(command.arguments.begin());
    return first;
  };
  command.name = take_first();
  if (command.name == "UID") command.name += ' ' + take_first();
  return command;
}

}  // namespace tests
