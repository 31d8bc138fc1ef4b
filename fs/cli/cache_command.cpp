#include "fs/cli/cache_command.h"

#include "cache/inspection.h"
#include "fs/cli/cache_dir.h"
#include "fs/cli/safe_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace fs {
namespace {

std::vector<std::filesystem::path> chosen_directories(const CacheOptions& options) {
  std::vector<std::filesystem::path> directories;
  if (options.source) {
    directories.push_back(options.cache_dir / account_directory(*options.source));
  } else {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options.cache_dir, error)) {
      directories.push_back(entry.path());
    }
    std::sort(directories.begin(), directories.end());
  }
  std::erase_if(directories, [](const auto& directory) { return !cache::has_database(directory); });
  return directories;
}

CacheReport act_on(const std::filesystem::path& directory, CacheOptions::Action action) {
  switch (action) {
    case CacheOptions::Action::info:
      return cache_info(directory);
    case CacheOptions::Action::verify:
      return cache_verify(directory);
    case CacheOptions::Action::clear:
      break;
  }
  return cache_clear(directory);
}

}  // namespace

CacheReport run_cache(const CacheOptions& options) {
  const auto directories = chosen_directories(options);
  if (directories.empty()) {
    throw std::runtime_error(fmt::format("there is no cache{} in {}",
                                         options.source ? " of this account" : "",
                                         options.cache_dir.string()));
  }
  CacheReport all;
  for (const auto& directory : directories) {
    CacheReport one;
    try {
      one = act_on(directory, options.action);
    } catch (const cache::Error& error) {
      // One account that is in use does not keep the others from being looked after.
      one = {safe_text(error.what()) + "\n", false};
    }
    all.text += fmt::format("{}:\n{}", safe_text(directory.filename().native()), one.text);
    all.well = all.well && one.well;
  }
  return all;
}

}  // namespace fs
