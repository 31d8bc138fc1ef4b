#include "fs/cli/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace fs {
namespace {

struct Quantity {
  std::uint64_t count = 0;
  std::string unit;  // in lower case
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  const auto* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, quantity.count);
  if (result.ec != std::errc{}) return std::nullopt;
  std::transform(result.ptr, end, std::back_inserter(quantity.unit), lower);
  return quantity;
}

std::optional<std::uint64_t> product(std::uint64_t count, std::uint64_t factor) {
  if (count > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return count * factor;
}

std::optional<std::uint64_t> bytes_in(std::string_view unit) {
  constexpr std::string_view kUnits = "kmgt";
  if (unit.empty() || unit == "b") return 1;
  const auto power = kUnits.find(unit.front());
  unit.remove_prefix(1);
  const bool ends_well = unit.empty() || unit == "b" || unit == "ib";
  if (power == std::string_view::npos || !ends_well) return std::nullopt;
  return std::uint64_t{1} << (10 * (power + 1));
}

std::optional<std::uint64_t> milliseconds_in(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit.empty() || unit == "s") return 1000;
  if (unit == "m" || unit == "min") return 60 * 1000;
  if (unit == "h") return 60 * 60 * 1000;
  if (unit == "d") return 24 * 60 * 60 * 1000;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  const auto factor = bytes_in(quantity->unit);
  return factor ? product(quantity->count, *factor) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  const auto factor = milliseconds_in(quantity->unit);
  const auto count = factor ? product(quantity->count, *factor) : std::nullopt;
  using Rep = std::chrono::milliseconds::rep;
  if (!count || *count > static_cast<std::uint64_t>(std::numeric_limits<Rep>::max())) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{static_cast<Rep>(*count)};
}

std::string in_mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace fs
