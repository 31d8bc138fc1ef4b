#pragma once
/// Sizes and durations as people write and read them. Pure functions; nothing when the text is
/// something else or the value does not fit.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fs {

/// Bytes: `4096`, `512M`, `2G`, no fractions. Units K, M, G, T are binary and may be followed by
/// `B` or `iB`; letters in either case.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// `500ms`, `30s`, `2m`, `1h`, `30d`; without a unit seconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `0.4 MiB`, `1234.0 MiB`.
std::string in_mebibytes(std::uint64_t bytes);

}  // namespace fs
