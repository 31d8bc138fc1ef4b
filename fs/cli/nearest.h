#pragma once
/// Finding what the user may have meant. Pure.

#include <string_view>
#include <vector>

namespace fs {

/// The name that begins with `text`, or that takes the fewest inserted, removed, replaced or
/// swapped characters to become it; `_` and `-` count as the same. Empty when none is near enough
/// to be meant.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& names);

}  // namespace fs
