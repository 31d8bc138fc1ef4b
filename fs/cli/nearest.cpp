#include "fs/cli/nearest.h"

#include <algorithm>

namespace fs {
namespace {

// Longer texts are nobody's typing mistake, and the cost is quadratic.
constexpr std::size_t kLongestText = 64;
constexpr std::size_t kShortestPrefix = 3;

bool same(char a, char b) {
  const auto folded = [](char c) {
    return c == '_' ? '-' : c;
  };
  return folded(a) == folded(b);
}

/// Optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = table[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& names) {
  if (text.empty() || text.size() > kLongestText) return {};
  for (const auto name : names) {
    if (text.size() >= kShortestPrefix && name.starts_with(text)) return name;
  }
  std::string_view best;
  auto best_distance = std::max<std::size_t>(2, text.size() / 2);
  for (const auto name : names) {
    const auto steps = distance(text, name);
    if (steps > best_distance || steps >= name.size()) continue;
    if (!best.empty() && steps == best_distance) continue;
    best = name;
    best_distance = steps;
  }
  return best;
}

}  // namespace fs
