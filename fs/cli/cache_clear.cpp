#include "cache/inspection.h"
#include "fs/cli/cache_command.h"

#include <fmt/format.h>

namespace fs {

CacheReport cache_clear(const std::filesystem::path& directory) {
  const auto freed = cache::clear(directory);
  return {fmt::format("  emptied, {:.1f} MiB freed\n", static_cast<double>(freed) / (1024 * 1024)),
          true};
}

}  // namespace fs
