#pragma once
/// `imapfs cache`: what the caches hold, whether they are sound, and emptying them. Works beside a
/// running mount as far as that is safe.

#include "fs/cli/options.h"

#include <filesystem>
#include <string>

namespace fs {

struct CacheReport {
  std::string text;  // for standard output, of whole lines
  bool well = true;  // else something was found or could not be done, which the text says
};

/// For each account that was chosen. Throws what describes it in one line when there is none.
CacheReport run_cache(const CacheOptions& options);

/// The same for the directory of one account.
CacheReport cache_info(const std::filesystem::path& directory);
CacheReport cache_verify(const std::filesystem::path& directory);
CacheReport cache_clear(const std::filesystem::path& directory);

}  // namespace fs
