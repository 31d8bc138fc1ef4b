// `imapfs fetch`: what it shows, what it reads, what it refuses.

#include "fs/cli/fetch_command.h"
#include "fs/cli/fetch_plan.h"
#include "fs/cli/fetch_progress.h"
#include "fs/cli/file_reader.h"
#include "fs/cli/mount_table.h"
#include "fs/cli/status_json.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <sys/stat.h>

#include <fstream>

namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;

fs::FetchPlan plan_for(const std::filesystem::path& path) {
  fs::FetchPlan plan;
  fs::add_to_plan(plan, path, [](const fs::FetchPlan&) {});
  return plan;
}

}  // namespace

TEST_CASE("the progress shows messages, octets, rate and time left", "[fs][cli][fetch]") {
  fs::FetchProgress progress;
  progress.messages = 500;
  progress.bytes = 10 * kMebibyte;
  progress.total_messages = 2000;
  progress.total_bytes = 40 * kMebibyte;
  progress.elapsed = std::chrono::seconds(5);
  CHECK(
      fs::progress_line(progress, 100) ==
      "[#####---------------]  25 % 500 of 2000 messages, 10.0 of 40.0 MiB, 2.0 MiB/s, 15 s left");
  CHECK(fs::progress_line(progress, 79) ==
        " 25 % 500 of 2000 messages, 10.0 of 40.0 MiB, 2.0 MiB/s, 15 s left");
  CHECK(fs::progress_line(progress, 10) == " 25 % 500 ");
}

TEST_CASE("the progress has no rate of nothing and no more than all", "[fs][cli][fetch]") {
  fs::FetchProgress progress;
  progress.total_messages = 3;
  progress.total_bytes = kMebibyte;
  CHECK(fs::progress_line(progress, 100) ==
        "[--------------------]   0 % 0 of 3 messages, 0.0 of 1.0 MiB, 0.0 MiB/s");
  // Announced too small.
  progress.messages = 2;
  progress.bytes = 3 * kMebibyte;
  progress.elapsed = std::chrono::seconds(1);
  CHECK(fs::progress_line(progress, 100) ==
        "[####################] 100 % 2 of 3 messages, 3.0 of 1.0 MiB, 3.0 MiB/s, 0 s left");
  progress.bytes = kMebibyte - 1;
  CHECK(fs::progress_line(progress, 100).find("]  99 % ") != std::string::npos);
}

TEST_CASE("the summary names what was fetched, there, failed and left", "[fs][cli][fetch]") {
  fs::FetchProgress progress;
  progress.messages = progress.total_messages = 1;
  progress.bytes = kMebibyte;
  progress.elapsed = std::chrono::milliseconds(4300);
  CHECK(fs::summary_line(progress, 0) == "fetched 1 message, 1.0 MiB, in 4 s");
  progress.messages = 10;
  progress.failed = 2;
  progress.total_messages = 15;
  CHECK(fs::summary_line(progress, 7) ==
        "fetched 8 messages, 1.0 MiB, in 4 s; 7 were there already; 2 failed; 5 were left");
}

TEST_CASE("a plan has the files of a directory before those below", "[fs][cli][fetch]") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "a");
  std::ofstream(directory.path() / "a/deep.eml") << "123";
  std::ofstream(directory.path() / "z.eml") << "12345";
  const auto plan = plan_for(directory.path());
  REQUIRE(plan.files.size() == 2);
  CHECK(plan.files[0].path == directory.path() / "z.eml");
  CHECK(plan.files[1].path == directory.path() / "a/deep.eml");
  CHECK(plan.bytes == 8);
  CHECK(plan.complaints.empty());
  CHECK(plan_for(directory.path() / "z.eml").bytes == 5);
  CHECK(plan_for(directory.path() / "none").complaints ==
        std::vector<std::string>{directory.path().string() + "/none: No such file or directory"});
}

TEST_CASE("what cannot be read keeps nothing else from being read", "[fs][cli][fetch]") {
  const TemporaryDirectory directory;
  fs::FetchPlan plan;
  for (int i = 0; i < 50; ++i) {
    const auto path = directory.path() / std::to_string(i);
    std::ofstream(path) << std::string(1000, 'x');
    plan.files.push_back({path, 1000});
  }
  const auto gone = directory.path() / "gone\n";
  plan.files.insert(plan.files.begin() + 7, {gone, 1000});
  fs::FileReader reader(plan.files, 4);
  REQUIRE(reader.wait(std::chrono::seconds(10)));
  const auto progress = reader.progress();
  CHECK(progress.messages == 51);
  CHECK(progress.failed == 1);
  CHECK(progress.bytes == 50'000);
  CHECK(reader.complaints() == std::vector<std::string>{directory.path().string() +
                                                        "/gone\\n: No such file or directory"});
}

TEST_CASE("a reader stops in the middle of a file", "[fs][cli][fetch]") {
  const TemporaryDirectory directory;
  const auto fifo = directory.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  fs::FileReader reader({{fifo, 1}, {fifo, 1}, {fifo, 1}}, 2);
  // Opening it waits for somebody who writes.
  CHECK_FALSE(reader.wait(std::chrono::milliseconds(1)));
  reader.stop();
  CHECK(reader.progress().messages == 0);
  CHECK(reader.complaints().empty());
}

TEST_CASE("only what is in a mount of ours is fetched", "[fs][cli][fetch]") {
  const TemporaryDirectory directory;
  const auto name = directory.path().string();
  CHECK_THROWS_WITH(fs::run_fetch({{directory.path()}}), name + " is not in an imapfs mount");
  CHECK_THROWS_WITH(fs::run_fetch({{directory.path() / "none"}}),
                    name + "/none: No such file or directory");
  CHECK(fs::mount_of("/proc/self/fd")->directory == "/proc");
  CHECK(fs::mount_of("/nonexistent")->directory == "/");
}

TEST_CASE("the room in the cache is what the status says", "[fs][cli][fetch]") {
  fs::MountStatus status;
  status.cache_limit = 100;
  status.account.cache.body_bytes = 40;
  CHECK(fs::cache_room(fs::to_json(status)) == 60);
  status.account.cache.body_bytes = 140;
  CHECK(fs::cache_room(fs::to_json(status)) == 0);
  CHECK_FALSE(fs::cache_room("{}"));
  CHECK_FALSE(fs::cache_room("nonsense"));
}
