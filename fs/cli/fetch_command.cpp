#include "fs/cli/fetch_command.h"

#include "fs/cli/end_signals.h"
#include "fs/cli/fetch_plan.h"
#include "fs/cli/fetch_progress.h"
#include "fs/cli/file_reader.h"
#include "fs/cli/mount_table.h"
#include "fs/cli/own_file.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/status_json.h"
#include "fs/cli/units.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>

namespace fs {
namespace {

/// Enough to keep the mount's connections busy, few enough that the order of the directory, by
/// which it reads ahead, can still be seen.
constexpr unsigned kThreads = 4;
constexpr std::chrono::milliseconds kShowEvery{200};
constexpr std::chrono::seconds kStatusLimit{10};
constexpr std::size_t kMostComplaints = 20;

/// A line that overwrites itself, on a terminal only.
class Display {
 public:
  explicit Display(bool quiet) : active_(!quiet && isatty(STDERR_FILENO) == 1) {}
  ~Display() { show({}); }
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  bool is_active() const { return active_; }
  void show(const std::string& line) const {
    if (active_) fmt::print(stderr, "\r{}\x1B[K", line);
  }
  static std::size_t columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 79;
    return size.ws_col - 1U;
  }

 private:
  const bool active_;
};

std::string mount_directory_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto canonical = std::filesystem::canonical(path, error);
  if (error) {
    throw std::runtime_error(fmt::format("{}: {}", safe_text(path.native()), error.message()));
  }
  const auto mount = mount_of(canonical);
  if (!mount || mount->type != kMountType) {
    throw NotMountedError(fmt::format("{} is not in an imapfs mount", safe_text(path.native())));
  }
  return mount->directory;
}

void check_room(const std::string& mount, std::uint64_t needed) {
  std::optional<std::uint64_t> room;
  try {
    OwnFile status(mount + "/.imapfs/status");
    room = cache_room(status.content(imap::Deadline::after(kStatusLimit)));
  } catch (const OwnFileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", safe_text(mount), error.what()));
  }
  if (!room || needed <= *room) return;
  throw std::runtime_error(fmt::format(
      "the cache of {} has room for {}, and this takes {}: mount with a larger --cache-size, or "
      "use --force, and what was not read for the longest time leaves the cache",
      safe_text(mount), in_mebibytes(*room), in_mebibytes(needed)));
}

FetchPlan plan_of(const FetchOptions& options, const Display& display) {
  std::vector<std::string> mounts;
  for (const auto& path : options.paths) mounts.push_back(mount_directory_of(path));
  FetchPlan plan;
  std::map<std::string, std::uint64_t> needed;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const auto before = plan.bytes;
    add_to_plan(plan, options.paths[i], [&display](const FetchPlan& so_far) {
      const auto count = so_far.files.size() + so_far.already;
      if (count % 1000 == 0) display.show(fmt::format("looking: {} messages", count));
    });
    needed[mounts[i]] += plan.bytes - before;
  }
  if (options.force) return plan;
  for (const auto& [mount, bytes] : needed) check_room(mount, bytes);
  return plan;
}

void print_complaints(const std::vector<std::string>& complaints) {
  const auto shown = std::min(complaints.size(), kMostComplaints);
  for (std::size_t i = 0; i < shown; ++i) fmt::print(stderr, "imapfs: {}\n", complaints[i]);
  if (complaints.size() > shown) {
    fmt::print(stderr, "imapfs: and {} more\n", complaints.size() - shown);
  }
}

}  // namespace

int run_fetch(const FetchOptions& options) {
  const auto plan = [&options] {
    const Display display(options.quiet);
    return plan_of(options, display);
  }();
  const EndSignals signals;
  const auto stop = signals.token();
  FileReader reader(plan.files, kThreads);
  {
    const Display display(options.quiet);
    while (!reader.wait(kShowEvery) && !stop.stop_requested()) {
      if (display.is_active()) display.show(progress_line(reader.progress(), Display::columns()));
    }
    reader.stop();
  }
  const auto progress = reader.progress();
  auto complaints = plan.complaints;
  const auto unread = reader.complaints();
  complaints.insert(complaints.end(), unread.begin(), unread.end());
  print_complaints(complaints);
  if (!options.quiet) fmt::print("{}\n", summary_line(progress, plan.already));
  return complaints.empty() && progress.messages == progress.total_messages ? 0 : 1;
}

}  // namespace fs
