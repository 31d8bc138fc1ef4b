#include "fs/cli/file_reader.h"

#include "fs/cli/safe_text.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace fs {
namespace {

constexpr std::size_t kRead = 256 * 1024;
/// What is under way may end by itself.
constexpr std::chrono::milliseconds kGrace{500};

}  // namespace

class FileReader::Work {
 public:
  explicit Work(std::vector<FetchPlan::File> files) : files_(std::move(files)) {}

  void run();

  const std::vector<FetchPlan::File> files_;
  std::stop_source stop_;
  imap::Synchronized<State> state_;
  std::condition_variable one_ended_;

 private:
  const FetchPlan::File* next();
  void read(const std::filesystem::path& path);
  void read_all(int fd, const std::filesystem::path& path);
  void fail(const std::filesystem::path& path, int error);
};

FileReader::FileReader(std::vector<FetchPlan::File> files, unsigned threads)
    : work_(std::make_shared<Work>(std::move(files))) {
  work_->state_.with([&](State& state) {
    state.running = threads;
    state.progress.total_messages = work_->files_.size();
    for (const auto& file : work_->files_) state.progress.total_bytes += file.size;
  });
  for (unsigned number = 0; number < threads; ++number) {
    std::thread([work = work_] { work->run(); }).detach();
  }
}

FileReader::~FileReader() {
  stop();
}

FetchProgress FileReader::progress() const {
  auto progress = work_->state_.with([](const State& state) { return state.progress; });
  progress.elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(imap::Deadline::Clock::now() - begun_);
  return progress;
}

std::vector<std::string> FileReader::complaints() const {
  return work_->state_.with([](const State& state) { return state.complaints; });
}

bool FileReader::wait(std::chrono::milliseconds time) {
  return work_->state_.with_lock([&](const State& state, std::unique_lock<std::mutex>& lock) {
    return work_->one_ended_.wait_for(lock, time, [&state] { return state.running == 0; });
  });
}

void FileReader::stop() {
  if (work_->stop_.request_stop()) wait(kGrace);
}

void FileReader::Work::run() {
  while (const auto* file = next()) read(file->path);
  state_.with([](State& state) { --state.running; });
  one_ended_.notify_all();
}

const FetchPlan::File* FileReader::Work::next() {
  return state_.with([this](State& state) -> const FetchPlan::File* {
    if (stop_.stop_requested() || state.next == files_.size()) return nullptr;
    return &files_[state.next++];
  });
}

void FileReader::Work::read(const std::filesystem::path& path) {
  const imap::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(path, errno);
  // What the kernel still has of it would be read without the mount, whose cache would not get it.
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  read_all(file.get(), path);
}

void FileReader::Work::read_all(int fd, const std::filesystem::path& path) {
  std::vector<char> room(kRead);
  while (!stop_.stop_requested()) {
    const auto count = ::read(fd, room.data(), room.size());
    if (count < 0) return fail(path, errno);
    state_.with([count](State& state) {
      if (count == 0) ++state.progress.messages;
      state.progress.bytes += static_cast<std::uint64_t>(count);
    });
    if (count == 0) return;
  }
}

void FileReader::Work::fail(const std::filesystem::path& path, int error) {
  auto complaint =
      fmt::format("{}: {}", safe_text(path.native()), std::generic_category().message(error));
  state_.with([&complaint](State& state) {
    ++state.progress.messages;
    ++state.progress.failed;
    state.complaints.push_back(std::move(complaint));
  });
}

}  // namespace fs
