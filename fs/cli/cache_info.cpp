#include "cache/inspection.h"
#include "fs/cli/cache_command.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/units.h"

#include <fmt/format.h>

namespace fs {
CacheReport cache_info(const std::filesystem::path& directory) {
  const auto found = cache::inspect(directory);
  const auto& numbers = found.statistics;
  CacheReport report;
  const auto line = [&report](std::string_view name, const std::string& value) {
    report.text += fmt::format("  {:<11} {}\n", name, value);
  };
  line("directory", safe_text(directory.native()));
  if (!found.in_use.empty()) line("in use", safe_text(found.in_use));
  line("folders", std::to_string(numbers.mailboxes));
  line("messages", std::to_string(numbers.messages));
  line("contents",
       fmt::format("of {} messages, {}", numbers.bodies, in_mebibytes(numbers.body_bytes)));
  line("file", fmt::format("{}: contents {}, listings {}, free for reuse {}",
                           in_mebibytes(numbers.file_bytes), in_mebibytes(numbers.body_pages),
                           in_mebibytes(numbers.row_pages), in_mebibytes(numbers.free_pages)));
  return report;
}

}  // namespace fs
