#pragma once
/// How far `imapfs fetch` has come, and how that is shown. Plain values and pure functions.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fs {

struct FetchProgress {
  std::uint64_t messages = 0;  // read to their end, or failed
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;
  std::uint64_t total_messages = 0;
  std::uint64_t total_bytes = 0;  // as announced: may turn out to be more or less
  std::chrono::milliseconds elapsed{0};
};

/// One line without its end for a terminal of so many columns.
std::string progress_line(const FetchProgress& progress, std::size_t columns);
/// What came of it: `fetched 120 messages, 12.3 MiB, in 4 s; 20 were there already`.
std::string summary_line(const FetchProgress& progress, std::uint64_t already);

}  // namespace fs
