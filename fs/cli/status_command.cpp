#include "fs/cli/status_command.h"

#include "fs/cli/mount_table.h"
#include "fs/cli/own_file.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/status_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

namespace fs {
namespace {

/// Of one that is covered by another only that one can be asked.
std::vector<MountEntry> mounts_of_this_user() {
  std::vector<MountEntry> mounts;
  std::set<std::string> seen;
  const auto table = mount_table();
  for (auto entry = table.rbegin(); entry != table.rend(); ++entry) {
    const bool is_topmost = seen.insert(entry->directory).second;
    if (is_topmost && entry->type == kMountType && entry->user == geteuid()) {
      mounts.insert(mounts.begin(), *entry);
    }
  }
  return mounts;
}

std::vector<MountEntry> chosen_mounts(const StatusOptions& options) {
  if (options.mountpoint) return {our_mount_at(*options.mountpoint)};
  auto mounts = mounts_of_this_user();
  if (mounts.empty()) throw std::runtime_error("nothing is mounted");
  return mounts;
}

using Json = nlohmann::ordered_json;

/// One mount, asked while the others are.
class Asked {
 public:
  explicit Asked(MountEntry mount)
      : mount_(std::move(mount)),
        file_(std::make_unique<OwnFile>(mount_.directory + "/.imapfs/status")) {}

  /// Whether it has answered.
  bool wait(imap::Deadline deadline) {
    try {
      answer_ = file_->content(deadline);
      return true;
    } catch (const OwnFileError& error) {
      failure_ = error.what();
      return false;
    }
  }
  std::string text() const {
    if (failure_.empty()) return status_text(answer_, std::time(nullptr));
    return fmt::format("{} on {}\n  no status    {}\n", safe_text(mount_.source),
                       safe_text(mount_.directory), failure_);
  }
  Json json() const {
    if (failure_.empty()) return Json::parse(answer_);
    return {{"source", mount_.source}, {"mountpoint", mount_.directory}, {"failure", failure_}};
  }

 private:
  const MountEntry mount_;
  std::unique_ptr<OwnFile> file_;
  std::string answer_;
  std::string failure_;
};

}  // namespace

StatusReport run_status(const StatusOptions& options, imap::Deadline::Clock::duration limit) {
  std::vector<Asked> all;
  for (auto& mount : chosen_mounts(options)) all.emplace_back(std::move(mount));
  const auto deadline = imap::Deadline::after(limit);
  StatusReport report;
  auto list = Json::array();
  for (auto& asked : all) {
    report.well = asked.wait(deadline) && report.well;
    if (options.json) {
      list.push_back(asked.json());
    } else {
      if (!report.text.empty()) report.text += '\n';
      report.text += asked.text();
    }
  }
  if (options.json) {
    const auto& json = options.mountpoint ? list.front() : list;
    report.text = json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  }
  return report;
}

}  // namespace fs
