#include "fs/cli/fetch_plan.h"

#include "fs/cli/safe_text.h"

#include <fmt/format.h>
#include <sys/xattr.h>

#include <system_error>

namespace fs {
namespace {

bool is_cached(const std::filesystem::path& path) {
  char value = '0';
  // No answer, as from a mount of another version, is as good as "no": reading does no harm.
  return ::getxattr(path.c_str(), "user.imap.cached", &value, 1) == 1 && value == '1';
}

void complain(FetchPlan& plan, const std::filesystem::path& path, const std::error_code& error) {
  plan.complaints.push_back(fmt::format("{}: {}", safe_text(path.native()), error.message()));
}

void add_file(FetchPlan& plan, const std::filesystem::path& path) {
  if (is_cached(path)) {
    ++plan.already;
    return;
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return complain(plan, path, error);
  plan.files.push_back({path, size});
  plan.bytes += size;
}

}  // namespace

void add_to_plan(FetchPlan& plan, const std::filesystem::path& path,
                 const std::function<void(const FetchPlan&)>& on_progress) {
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(path, error);
  if (error) return complain(plan, path, error);
  if (!is_directory) {
    add_file(plan, path);
    return on_progress(plan);
  }
  // The messages of a directory first, in its order, which is what read-ahead foresees.
  std::vector<std::filesystem::path> below;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;  // shown by the second look
    if (entry->is_directory(ignored)) {
      below.push_back(entry->path());
    } else {
      add_file(plan, entry->path());
      on_progress(plan);
    }
  }
  if (error) complain(plan, path, error);
  for (const auto& directory : below) add_to_plan(plan, directory, on_progress);
}

}  // namespace fs
