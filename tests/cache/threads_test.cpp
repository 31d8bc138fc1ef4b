#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <atomic>
#include <thread>

namespace {

using namespace cache;
using namespace fixtures;

constexpr std::uint32_t kMessages = 400;

/// Puts one message with its body; the mailbox row says how many there are.
void add_one(Edit& edit, MailboxId id, std::uint32_t uid, BodyId body) {
  auto row = message(uid);
  row.body = body;
  edit.put_message(id, row);
  put_body(edit, body, octets(100 * (uid % 50), body.value));
  auto inbox = mailbox("INBOX");
  inbox.exists = uid;
  edit.put_mailbox(id, inbox);
}

/// Counts what cannot be true of any commit.
int faults_in(Store& store, MailboxId id) {
  return store.read([&](const View& view) {
    int faults = 0;
    const auto exists = view.mailbox(id)->exists;
    std::uint32_t expected = exists;
    view.messages_below(id, 0, [&](const MessageRow& row) {
      if (row.uid != expected--) ++faults;
      if (const auto size = view.body_size(row.body)) {
        std::uint64_t got = 0;
        if (!view.body(row.body, 0, *size, [&](Bytes piece) { got += piece.size(); })) ++faults;
        if (got != *size) ++faults;
        store.touch(row.body);
      }
      return row.uid + 20 > exists;
    });
    if (view.message_count(id) != exists) ++faults;
    return faults;
  });
}

}  // namespace

TEST_CASE("many threads read consistent states while others write", "[cache][threads]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 300'000);
  const auto id = add_mailbox(*store, "INBOX");
  std::atomic<bool> writing = true;
  std::atomic<int> faults = 0;
  {
    std::vector<std::jthread> readers;
    for (int count = 0; count < 8; ++count) {
      readers.emplace_back([&] {
        do {
          faults += faults_in(*store, id);
        } while (writing);
      });
    }
    for (std::uint32_t uid = 1; uid <= kMessages; ++uid) {
      const auto body = store->new_body_id();
      store->submit([=](Edit& edit) { add_one(edit, id, uid, body); });
    }
    store->run([](Edit&) {});
    writing = false;
  }
  CHECK(faults == 0);
  CHECK(store->read([&](const View& view) { return view.message_count(id); }) == kMessages);
}

TEST_CASE("works of many threads are all committed", "[cache][threads]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  std::atomic<std::uint32_t> done = 0;
  {
    std::vector<std::jthread> writers;
    for (std::uint32_t writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        for (std::uint32_t count = 1; count <= 50; ++count) {
          const auto uid = writer * 50 + count;
          store->submit([=](Edit& edit) { edit.put_message(id, message(uid)); },
                        [&](const std::exception_ptr& error) { done += error ? 0 : 1; });
          if (count % 10 == 0) store->run([](Edit&) {});
        }
      });
    }
  }
  store->run([](Edit&) {});
  CHECK(done == 200);
  CHECK(store->read([&](const View& view) { return view.uid_ranges(id); }) ==
        std::vector{std::pair{1U, 200U}});
}

TEST_CASE("many views at once are no more than the reader table holds", "[cache][threads]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  std::atomic<int> inside = 0;
  std::atomic<int> failed = 0;
  constexpr int kThreads = 100;
  {
    std::vector<std::jthread> threads;
    for (int count = 0; count < kThreads; ++count) {
      threads.emplace_back([&] {
        try {
          store->read([&](const View& view) {
            ++inside;
            while (inside < kThreads && failed == 0) std::this_thread::yield();
            return view.message_count(id);
          });
        } catch (const Error&) {
          ++failed;
        }
      });
    }
  }
  CHECK(failed == 0);
}
