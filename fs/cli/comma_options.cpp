#include "fs/cli/comma_options.h"

namespace fs {
namespace {

/// Cuts off the text up to the next comma that is not escaped, and that comma.
std::string take_element(std::string_view& list) {
  std::string element;
  while (!list.empty()) {
    const char c = list.front();
    list.remove_prefix(1);
    if (c == ',') break;
    const bool escapes =
        c == '\\' && !list.empty() && (list.front() == ',' || list.front() == '\\');
    element += escapes ? list.front() : c;
    if (escapes) list.remove_prefix(1);
  }
  return element;
}

}  // namespace

std::vector<CommaOption> split_comma_options(std::string_view list) {
  std::vector<CommaOption> options;
  while (!list.empty()) {
    const auto element = take_element(list);
    if (element.empty()) continue;
    const auto equals = element.find('=');
    CommaOption option{element.substr(0, equals), std::nullopt};
    if (equals != std::string::npos) option.value = element.substr(equals + 1);
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace fs
