#include "tests/cache/child_process.h"
#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <random>

namespace {

using namespace cache;
using namespace fixtures;

constexpr std::uint64_t kBodyLimit = 2 * kMebibyte;

/// Writes for ever: in each work some messages with a body, and their number in the mailbox.
int write_until_killed(const std::filesystem::path& directory, const ChildProcess::Report& report) {
  const auto store = open_store(directory, kBodyLimit);
  MailboxId id;
  std::uint32_t uid = 0;
  store->read([&](const View& view) {
    for (const auto& [known, row] : view.mailboxes()) {
      id = known;
      uid = row.exists;
    }
  });
  if (id == MailboxId{}) id = add_mailbox(*store, "INBOX");
  for (;; ++uid) {
    const auto body = store->new_body_id();
    const auto work = [=](Edit& edit) {
      auto row = message(uid + 1);
      row.body = body;
      edit.put_message(id, row);
      put_body(edit, body, octets(1000 + 7919 * (uid % 40), body.value));
      edit.put_body_chunk(BodyId{body.value + (1ULL << 31U)}, 0, octets(5000, 1));
      auto inbox = mailbox("INBOX");
      inbox.exists = uid + 1;
      edit.put_mailbox(id, inbox);
    };
    if (uid % 8 == 0) {
      store->run(work);
      report();
    } else {
      store->submit(work);
    }
  }
}

/// Everything that a work wrote is there or nothing of it, and no body is there in part.
void check_consistent(const std::filesystem::path& directory) {
  const auto store = open_store(directory, kBodyLimit);
  REQUIRE(store->notice().empty());
  std::vector<std::string> faults;
  store->read([&](const View& view) {
    std::uint64_t body_bytes = 0;
    std::uint64_t message_bytes = 0;
    for (const auto& [id, inbox] : view.mailboxes()) {
      if (view.message_count(id) != inbox.exists) faults.emplace_back("message count");
      if (inbox.exists > 0 && view.uid_ranges(id) != std::vector{std::pair{1U, inbox.exists}}) {
        faults.emplace_back("uid ranges");
      }
      view.messages_below(id, 0, [&](const MessageRow& row) {
        message_bytes += row.size;
        const auto size = view.body_size(row.body);
        if (!size) return true;
        body_bytes += *size;
        std::vector<std::byte> got;
        view.body(row.body, 0, *size,
                  [&](Bytes piece) { got.insert(got.end(), piece.begin(), piece.end()); });
        if (got != octets(*size, row.body.value)) faults.emplace_back("body");
        if (view.body(BodyId{row.body.value + (1ULL << 31U)}, 0, 1, [](Bytes) {})) {
          faults.emplace_back("unfinished body");
        }
        return true;
      });
    }
    if (view.totals().bytes != message_bytes) faults.emplace_back("totals");
    if (view.body_bytes() != body_bytes) faults.emplace_back("body bytes");
  });
  CHECK(faults == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("a process killed while writing leaves a consistent store", "[cache][crash]") {
  const TemporaryDirectory directory;
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 8; ++round) {
    ChildProcess child([&](const ChildProcess::Report& report) {
      return write_until_killed(directory.path(), report);
    });
    REQUIRE(child.wait_for_reports(std::uniform_int_distribution(1, 20)(random)));
    // Somewhere between two commits rather than right behind one.
    random.discard(std::uniform_int_distribution(0U, 3'000'000U)(random));
    child.kill();
    check_consistent(directory.path());
  }
}
