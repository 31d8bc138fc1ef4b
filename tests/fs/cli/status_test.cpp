// `imapfs status`: the JSON, the text for people, what is remembered of errors, reading it all.

#include "fs/cli/own_file.h"
#include "fs/cli/recent_errors.h"
#include "fs/cli/status_command.h"
#include "fs/cli/status_json.h"
#include "fs/cli/status_text.h"
#include "fs/cli/units.h"
#include "tests/fs/cli/dead_mount.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>

namespace {

constexpr std::int64_t kNow = 1'795'000'000;

fs::MountStatus some_status() {
  fs::MountStatus status;
  status.source = "imaps://alice@imap.example.com";
  status.mountpoint = "/home/alice/mail";
  status.mounted_at = kNow - 3 * 3600;
  status.process = 4711;
  status.cache_directory = "/home/alice/.cache/imapfs/x";
  status.cache_limit = std::uint64_t{2} << 30U;
  auto& account = status.account;
  account.online = true;
  account.since = kNow - 180;
  account.reason = "reached";
  using Activity = imap::ConnectionState::Activity;
  account.connections.push_back(
      {{.number = 0, .activity = Activity::idling, .mailbox = "INBOX", .received = 1 << 20},
       kNow - 5,
       "INBOX"});
  account.connections.push_back(
      {{.number = 1, .activity = Activity::running, .what = "fetch 3 messages of Work"},
       kNow,
       "Work"});
  account.folders = 12;
  account.mailboxes = {{"INBOX", 1234, imap::SyncClass::qresync, kNow - 10, true},
                       {"Work/2026", 7, imap::SyncClass::plain, kNow - 7200, false}};
  account.bodies = {10, 5 << 20, 4, 3};
  account.cache.bodies = 8;
  account.cache.body_bytes = 3 << 20;
  account.cache.file_bytes = 6 << 20;
  status.errors = {{kNow - 300, 4, "read failed: the server is unreachable"}};
  return status;
}

}  // namespace

TEST_CASE("the status as JSON has every number in its place", "[fs][cli][status]") {
  const auto text = fs::to_json(some_status());
  CHECK(text.ends_with("}\n"));
  const auto json = nlohmann::json::parse(text);
  CHECK(json.at("source") == "imaps://alice@imap.example.com");
  CHECK(json.at("mountpoint") == "/home/alice/mail");
  CHECK(json.at("online") == true);
  CHECK(json.at("since") == kNow - 180);
  CHECK(json.at("connections").size() == 2);
  CHECK(json.at("connections")[0].at("activity") == "listening");
  CHECK(json.at("connections")[0].at("received_bytes") == 1 << 20);
  CHECK(json.at("connections")[1].at("what") == "fetch 3 messages of Work");
  CHECK(json.at("mailboxes")[0].at("sync") == "qresync");
  CHECK(json.at("mailboxes")[0].at("watched") == true);
  CHECK(json.at("mailboxes")[1].at("synced_at") == kNow - 7200);
  CHECK(json.at("bodies").at("fetched_bytes") == 5 << 20);
  CHECK(json.at("bodies").at("hit_rate") == 0.75);
  CHECK(json.at("cache").at("limit_bytes") == std::uint64_t{2} << 30U);
  CHECK(json.at("errors")[0].at("count") == 4);
}

TEST_CASE("the status is JSON whatever a server has said", "[fs][cli][status]") {
  fs::MountStatus status;
  status.account.reason = "\xFF\"\n\x01";
  const auto json = nlohmann::json::parse(fs::to_json(status));
  CHECK(json.at("reason") == "\uFFFD\"\n\x01");
  CHECK(json.at("bodies").at("hit_rate").is_null());
}

TEST_CASE("the status in words", "[fs][cli][status]") {
  CHECK(fs::status_text(fs::to_json(some_status()), kNow) ==
        "imaps://alice@imap.example.com on /home/alice/mail\n"
        "  online       for 3 min\n"
        "  mounted      3 h ago, process 4711\n"
        "  connection 0 listening in INBOX, for 5 s, received 1.0 MiB\n"
        "  connection 1 fetch 3 messages of Work, for 0 s, received 0.0 MiB\n"
        "  folders      12, 2 of them listed\n"
        "               INBOX         1234 messages  qresync    compared 10 s ago, watched\n"
        "               Work/2026        7 messages  plain      compared 2 h ago\n"
        "  fetched      10 messages, 5.0 MiB\n"
        "  read         4 messages, 75 % of them from the cache\n"
        "  cache        3.0 MiB of 2048.0 MiB in 8 messages, file 6.0 MiB\n"
        "  last errors  5 min ago: read failed: the server is unreachable (4 times)\n");
}

TEST_CASE("the reason of being offline is shown, and is harmless", "[fs][cli][status]") {
  auto status = some_status();
  status.account.online = false;
  status.account.reason = "\x1B[2J gone";
  const auto text = fs::status_text(fs::to_json(status), kNow);
  CHECK(text.find("  offline      for 3 min: \\x1B[2J gone\n") != std::string::npos);
}

TEST_CASE("a status of another version is shown as far as it goes", "[fs][cli][status]") {
  CHECK(fs::status_text("{}", kNow).starts_with(" on \n"));
  CHECK_THROWS_AS(fs::status_text("[1]", kNow), std::runtime_error);
  CHECK_THROWS_AS(fs::status_text("{\"source\": 1}", kNow), std::runtime_error);
  CHECK_THROWS_AS(fs::status_text("", kNow), std::runtime_error);
}

TEST_CASE("durations are rough", "[fs][cli][status]") {
  CHECK(fs::rough_duration(-5) == "0 s");
  CHECK(fs::rough_duration(119) == "119 s");
  CHECK(fs::rough_duration(120) == "2 min");
  CHECK(fs::rough_duration(7200) == "2 h");
  CHECK(fs::rough_duration(3 * 86'400) == "3 days");
}

TEST_CASE("the last warnings are remembered, repeated ones once", "[fs][cli][status]") {
  const auto recent = std::make_shared<fs::RecentErrors>();
  spdlog::logger log("test", recent);
  log.info("nothing of interest");
  CHECK(recent->entries().empty());
  log.warn("gone\n");
  log.warn("gone\n");
  log.error(std::string(2000, 'x'));
  auto entries = recent->entries();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].text == "gone\\n");
  CHECK(entries[0].count == 2);
  CHECK(entries[0].time > 1'000'000'000);
  CHECK(entries[1].text.size() == 500);
  for (std::size_t i = 0; i < fs::RecentErrors::kMost; ++i) log.warn("warning {}", i);
  entries = recent->entries();
  CHECK(entries.size() == fs::RecentErrors::kMost);
  CHECK(entries.front().text == "warning 0");
}

TEST_CASE("a file is read beside this process", "[fs][cli][status]") {
  const TemporaryDirectory directory;
  const auto limit = imap::Deadline::after(std::chrono::seconds(10));
  const std::string large(300'000, 'x');
  std::ofstream(directory.path() / "large") << large;
  CHECK(fs::OwnFile(directory.path() / "large").content(limit) == large);
  std::ofstream(directory.path() / "empty").flush();
  CHECK(fs::OwnFile(directory.path() / "empty").content(limit).empty());
  fs::OwnFile missing(directory.path() / "missing");
  CHECK_THROWS_WITH(missing.content(limit), "No such file or directory");
}

TEST_CASE("a file that does not answer is given up", "[fs][cli][status]") {
  const TemporaryDirectory directory;
  const auto fifo = directory.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  fs::OwnFile file(fifo);
  CHECK_THROWS_WITH(file.content(imap::Deadline::after(std::chrono::milliseconds(50))),
                    "does not answer");
}

TEST_CASE("there is no status of what is not our mount", "[fs][cli][status]") {
  const TemporaryDirectory directory;
  const auto message = directory.path().string() + " is not a mount point";
  CHECK_THROWS_WITH(fs::run_status({directory.path(), false}), message);
  CHECK_THROWS_WITH(fs::run_status({directory.path() / "no", false}),
                    directory.path().string() + "/no does not exist");
}

TEST_CASE("the status of a mount whose process is gone says so", "[fs][cli][status]") {
  const TemporaryDirectory directory;
  const auto dead = DeadMount::make(directory.path(), "fuse.imapfs");
  if (!dead) {
    WARN("skipped: mounting is not permitted here");
    return;
  }
  const auto report = fs::run_status({directory.path(), false});
  CHECK_FALSE(report.well);
  CHECK(report.text == "imapfs-test on " + directory.path().string() +
                           "\n  no status    Transport endpoint is not connected\n");
  const auto json = nlohmann::json::parse(fs::run_status({directory.path(), true}).text);
  CHECK(json.at("failure") == "Transport endpoint is not connected");
}
