#pragma once
/// Which messages `imapfs fetch` has to bring in. Looks at directories and attributes, reads no
/// message.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fs {

struct FetchPlan {
  struct File {
    std::filesystem::path path;
    std::uint64_t size = 0;  // as announced
  };
  std::vector<File> files;              // not in the cache, in the order of the directories
  std::uint64_t bytes = 0;              // of these
  std::uint64_t already = 0;            // messages that are in the cache
  std::vector<std::string> complaints;  // what could not be looked at, a line each
};

/// Adds what is at this path: a message, or a directory with all below it.
void add_to_plan(FetchPlan& plan, const std::filesystem::path& path,
                 const std::function<void(const FetchPlan&)>& on_progress);

}  // namespace fs
