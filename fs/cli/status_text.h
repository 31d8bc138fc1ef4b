#pragma once
/// The content of `.imapfs/status` in words and columns, for a terminal. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace fs {

/// Of whole lines. What the JSON lacks, because the mount is of another version, is left out.
/// Throws std::runtime_error when it is not JSON of this kind. `now` is in unix seconds.
std::string status_text(std::string_view json, std::int64_t now);

/// `12 s`, `3 min`, `5 h`, `2 days`.
std::string rough_duration(std::int64_t seconds);

}  // namespace fs
