#pragma once
/// The list after `-o`: `name,name=value,...`. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fs {

struct CommaOption {
  std::string name;                  // as written
  std::optional<std::string> value;  // nothing without `=`; empty in `name=`

  bool operator==(const CommaOption&) const = default;
};

/// Splits at the commas. `\,` is a comma and `\\` a backslash inside a value; a backslash before
/// anything else stands for itself. Empty elements are dropped, as mount(8) does.
std::vector<CommaOption> split_comma_options(std::string_view list);

}  // namespace fs
