#include "fs/cli/units.h"

#include "tests/support/catch.h"

#include <utility>

using fs::parse_duration;
using fs::parse_size;

TEST_CASE("sizes are binary and take a unit in either case", "[fs][cli][units]") {
  const std::pair<const char*, std::uint64_t> good[] = {{"0", 0},
                                                        {"4096", 4096},
                                                        {"4096B", 4096},
                                                        {"1K", 1024},
                                                        {"512M", 536870912},
                                                        {"512mb", 536870912},
                                                        {"2G", 2147483648},
                                                        {"2GiB", 2147483648},
                                                        {"1T", 1099511627776},
                                                        {"1t", 1099511627776},
                                                        {"18446744073709551615", UINT64_MAX}};
  for (const auto& [text, bytes] : good) {
    INFO(text);
    CHECK(parse_size(text) == bytes);
  }
}

TEST_CASE("what is not a size is refused", "[fs][cli][units]") {
  for (const auto* bad : {"", "M", "-1", "+1", " 1", "1 M", "1.5G", "1X", "1Mx", "1ib", "1Mi",
                          "0x10", "18446744073709551616", "16777216T", "2GG"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad).has_value());
  }
}

TEST_CASE("durations are seconds unless they have a unit", "[fs][cli][units]") {
  const std::pair<const char*, std::int64_t> good[] = {{"0", 0},
                                                       {"30", 30'000},
                                                       {"30s", 30'000},
                                                       {"500ms", 500},
                                                       {"2m", 120'000},
                                                       {"2min", 120'000},
                                                       {"1h", 3'600'000},
                                                       {"1H", 3'600'000},
                                                       {"30d", 2'592'000'000},
                                                       {"9223372036854775807ms", INT64_MAX}};
  for (const auto& [text, milliseconds] : good) {
    INFO(text);
    REQUIRE(parse_duration(text).has_value());
    CHECK(parse_duration(text)->count() == milliseconds);
  }
}

TEST_CASE("what is not a duration is refused", "[fs][cli][units]") {
  for (const auto* bad : {"", "s", "-1s", "1.5s", "1 s", "1w", "1ms1", "9223372036854775808ms",
                          "9223372036854775807s", "99999999999999999999"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}
