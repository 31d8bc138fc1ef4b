#include "cache/inspection.h"
#include "fs/cli/cache_command.h"
#include "fs/cli/safe_text.h"

#include <fmt/format.h>

namespace fs {

CacheReport cache_verify(const std::filesystem::path& directory) {
  const auto faults = cache::verify(directory);
  if (faults.empty()) return {"  clean\n", true};
  CacheReport report;
  for (const auto& fault : faults) report.text += fmt::format("  {}\n", safe_text(fault));
  report.text += "  everything in it can be fetched again: see imapfs cache clear\n";
  report.well = false;
  return report;
}

}  // namespace fs
