#include "cache/compaction.h"

#include <system_error>

namespace cache {
namespace {

/// Less is not worth the time that a mount takes longer to start.
constexpr std::uint64_t kWorthIt = std::uint64_t{64} << 20U;

}  // namespace

bool compact_if_worth_it(const Env::Options& options) {
  const auto& directory = options.directory;
  const auto aside = directory / kCompactedName;
  std::error_code error;
  std::filesystem::remove(aside, error);  // of a process that was killed
  if (!std::filesystem::exists(directory / "data.mdb", error)) return false;
  try {
    const Env env(options);
    const auto size = env.size();
    const auto used = size.pages - size.free;
    const auto space = std::filesystem::space(directory, error);
    if (size.free < kWorthIt || size.free < used || error || space.available / 2 < used) {
      return false;
    }
    env.copy_compacted(aside);
  } catch (const Error&) {
    // What is wrong with it shows when it is opened, at the latest.
    std::filesystem::remove(aside, error);
    return false;
  }
  std::filesystem::rename(aside, directory / "data.mdb", error);
  return !error;
}

}  // namespace cache
