#include "fs/cli/recent_errors.h"

#include "fs/cli/safe_text.h"
#include "imap/base/utf8.h"

#include <spdlog/details/log_msg.h>

#include <chrono>
#include <string_view>

namespace fs {
namespace {

constexpr std::size_t kMostText = 500;

}  // namespace

std::vector<RecentErrors::Entry> RecentErrors::entries() {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void RecentErrors::sink_it_(const spdlog::details::log_msg& message) {
  const auto safe = safe_text({message.payload.data(), message.payload.size()});
  const auto text = imap::cut_utf8(safe, kMostText);
  // A server that is gone fails every read in the same words: one entry is enough.
  if (entries_.empty() || entries_.back().text != text) {
    if (entries_.size() == kMost) entries_.pop_front();
    entries_.push_back({0, 0, std::string(text)});
  }
  auto& entry = entries_.back();
  entry.time = std::chrono::system_clock::to_time_t(message.time);
  ++entry.count;
}

}  // namespace fs
