#pragma once
/// Remembers the last warnings and errors of the log, whatever the log itself shows. A sink of
/// spdlog, so what is logged as a warning anywhere in the program is here without further ado; any
/// thread.

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace fs {

class RecentErrors : public spdlog::sinks::base_sink<std::mutex> {
 public:
  static constexpr std::size_t kMost = 20;

  struct Entry {
    std::int64_t time = 0;    // unix seconds, of the last time
    std::uint64_t count = 0;  // how often in a row
    std::string text;         // safe, see safe_text, and cut if it is long
  };

  RecentErrors() { set_level(spdlog::level::warn); }

  /// Oldest first.
  std::vector<Entry> entries();

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  std::deque<Entry> entries_;
};

}  // namespace fs
