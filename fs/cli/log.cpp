#include "fs/cli/log.h"

#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>

namespace fs {
namespace {

constexpr auto kName = "imapfs";
constexpr auto kLine = "%Y-%m-%dT%H:%M:%S.%e%z %l %*";
constexpr auto kSyslogLine = "%*";

/// `%*`: the message, which may quote a server, as safe text.
class SafeMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const auto safe = safe_text({message.payload.data(), message.payload.size()});
    line.append(safe.data(), safe.data() + safe.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<SafeMessage>();
  }
};

std::unique_ptr<spdlog::formatter> safe_formatter(const char* pattern, const char* end) {
  auto formatter =
      std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::local, end);
  formatter->add_flag<SafeMessage>('*').set_pattern(pattern);
  return formatter;
}

/// Writes each line with one system call, so that lines of several processes do not mix.
class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(imap::UniqueFd file) : file_(std::move(file)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // A log that cannot be written (disk full) must not stop the file system.
    if (write(file_.get(), line.data(), line.size()) < 0) return;
  }
  void flush_() override {}

 private:
  const imap::UniqueFd file_;
};

imap::UniqueFd open_log(const std::filesystem::path& path) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  imap::UniqueFd file(open(path.c_str(), flags, S_IRUSR | S_IWUSR));
  const auto what = fmt::format("log file {}", safe_text(path.native()));
  if (!file) throw std::system_error(errno, std::generic_category(), what);
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw std::system_error(EINVAL, std::generic_category(), what + " is not a regular file");
  }
  return file;
}

spdlog::sink_ptr make_sink(const MountOptions& options) {
  switch (log_target(options)) {
    case LogTarget::file:
      return std::make_shared<FileSink>(open_log(options.log_file));
    case LogTarget::standard_error:
      // A copy: the daemon's standard error becomes /dev/null, ours is closed with the logger.
      return std::make_shared<FileSink>(
          imap::UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)));
    case LogTarget::system:
      break;
  }
  return std::make_shared<spdlog::sinks::syslog_sink_mt>(kName, LOG_PID, LOG_DAEMON, true);
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

LogTarget log_target(const MountOptions& options) {
  if (!options.log_file.empty()) return LogTarget::file;
  return options.foreground ? LogTarget::standard_error : LogTarget::system;
}

std::shared_ptr<spdlog::logger> make_log(const MountOptions& options,
                                         std::shared_ptr<RecentErrors> recent) {
  const bool is_syslog = log_target(options) == LogTarget::system;
  auto logger = std::make_shared<spdlog::logger>(kName, make_sink(options));
  logger->set_formatter(is_syslog ? safe_formatter(kSyslogLine, "") : safe_formatter(kLine, "\n"));
  const auto level = spdlog_level(options.log_level);
  logger->set_level(level);
  if (recent) {
    logger->sinks().front()->set_level(level);
    logger->set_level(std::min(level, spdlog::level::warn));
    logger->sinks().push_back(std::move(recent));
  }
  return logger;
}

}  // namespace fs
