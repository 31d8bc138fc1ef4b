#include "fs/cli/fetch_progress.h"

#include "fs/cli/status_text.h"
#include "fs/cli/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fs {
namespace {

constexpr std::size_t kBar = 20;

/// Of the octets, since messages differ in size; of the messages where there are no octets.
double part_done(const FetchProgress& progress) {
  const bool by_bytes = progress.total_bytes != 0;
  const auto done = static_cast<double>(by_bytes ? progress.bytes : progress.messages);
  const auto total = static_cast<double>(by_bytes ? progress.total_bytes : progress.total_messages);
  return total == 0 ? 1 : std::min(done / total, 1.0);
}

std::string time_left(const FetchProgress& progress) {
  const auto done = part_done(progress);
  if (done == 0) return {};
  const auto seconds = static_cast<double>(progress.elapsed.count()) / 1000;
  return fmt::format(", {} left", rough_duration(std::lround(seconds * (1 - done) / done)));
}

}  // namespace

std::string progress_line(const FetchProgress& progress, std::size_t columns) {
  constexpr double kMebibyte = 1024 * 1024;
  const auto done = part_done(progress);
  const auto seconds =
      static_cast<double>(std::max<std::int64_t>(progress.elapsed.count(), 1)) / 1000;
  const auto filled = static_cast<std::size_t>(done * kBar);
  auto line = fmt::format(
      "{:3} % {} of {} messages, {:.1f} of {}, {:.1f} MiB/s{}", static_cast<int>(done * 100),
      progress.messages, progress.total_messages, static_cast<double>(progress.bytes) / kMebibyte,
      in_mebibytes(progress.total_bytes), static_cast<double>(progress.bytes) / kMebibyte / seconds,
      time_left(progress));
  const auto bar =
      fmt::format("[{}{}] ", std::string(filled, '#'), std::string(kBar - filled, '-'));
  if (bar.size() + line.size() <= columns) line = bar + line;
  return line.substr(0, columns);
}

std::string summary_line(const FetchProgress& progress, std::uint64_t already) {
  const auto fetched = progress.messages - progress.failed;
  auto line =
      fmt::format("fetched {} message{}, {}, in {}", fetched, fetched == 1 ? "" : "s",
                  in_mebibytes(progress.bytes), rough_duration(progress.elapsed.count() / 1000));
  if (already != 0) line += fmt::format("; {} were there already", already);
  if (progress.failed != 0) line += fmt::format("; {} failed", progress.failed);
  const auto left = progress.total_messages - progress.messages;
  if (left != 0) line += fmt::format("; {} were left", left);
  return line;
}

}  // namespace fs
