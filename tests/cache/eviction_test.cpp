#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <atomic>
#include <future>

namespace {

using namespace cache;
using namespace fixtures;

std::vector<bool> present(const Store& store, const std::vector<BodyId>& bodies) {
  std::vector<bool> there;
  for (const auto body : bodies) there.push_back(has_body(store, body));
  return there;
}

std::vector<BodyId> add_bodies(Store& store, std::size_t count, std::uint64_t size) {
  std::vector<BodyId> bodies;
  for (std::size_t index = 0; index < count; ++index) bodies.push_back(add_body(store, size));
  return bodies;
}

/// Returns when the chores of the commit before have been committed too.
void settle(Store& store) {
  store.run([](Edit&) {});
}

}  // namespace

TEST_CASE("bodies within the limit stay", "[cache][eviction]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 3000);
  const auto bodies = add_bodies(*store, 3, 1000);
  settle(*store);
  CHECK(present(*store, bodies) == std::vector{true, true, true});
  CHECK(store->read([](const View& view) { return view.body_bytes(); }) == 3000);
}

TEST_CASE("the least recently fetched body goes first", "[cache][eviction]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 3000);
  const auto bodies = add_bodies(*store, 5, 1000);
  settle(*store);
  CHECK(present(*store, bodies) == std::vector{false, false, true, true, true});
}

TEST_CASE("a body that was read goes later", "[cache][eviction]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 3000);
  auto bodies = add_bodies(*store, 3, 1000);
  store->touch(bodies[1]);
  store->touch(bodies[0]);
  store->touch(store->new_body_id());
  for (const auto body : add_bodies(*store, 2, 1000)) bodies.push_back(body);
  settle(*store);
  CHECK(present(*store, bodies) == std::vector{true, false, false, true, true});
}

TEST_CASE("what was read is remembered over a restart", "[cache][eviction]") {
  const TemporaryDirectory directory;
  std::vector<BodyId> bodies;
  {
    const auto store = open_store(directory.path(), 3000);
    bodies = add_bodies(*store, 3, 1000);
    store->touch(bodies[0]);
  }
  const auto store = open_store(directory.path(), 3000);
  bodies.push_back(add_body(*store, 1000));
  settle(*store);
  CHECK(present(*store, bodies) == std::vector{true, false, true, true});
}

TEST_CASE("a body larger than the limit can be read until the next change", "[cache][eviction]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 3000);
  const auto large = add_body(*store, 10'000);
  CHECK(has_body(*store, large));
  const auto small = add_body(*store, 1000);
  settle(*store);
  CHECK(present(*store, {large, small}) == std::vector{false, true});
}

TEST_CASE("a lower limit takes effect at the next open", "[cache][eviction]") {
  const TemporaryDirectory directory;
  std::vector<BodyId> bodies;
  {
    const auto store = open_store(directory.path());
    // More than one transaction evicts.
    for (int count = 0; count < 2500; ++count) bodies.push_back(store->new_body_id());
    store->run([&](Edit& edit) {
      for (const auto body : bodies) put_body(edit, body, octets(100, body.value));
    });
  }
  const auto store = open_store(directory.path(), 1000);
  for (int count = 0; count < 4; ++count) settle(*store);
  CHECK(store->read([](const View& view) { return view.body_bytes(); }) == 1000);
  CHECK(has_body(*store, bodies.back()));
}

TEST_CASE("the row of an evicted body stays", "[cache][eviction]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 1000);
  const auto inbox = add_mailbox(*store, "INBOX");
  auto row = message(1);
  row.body = add_body(*store, 1000);
  store->run([&](Edit& edit) { edit.put_message(inbox, row); });
  add_body(*store, 1000);
  settle(*store);
  CHECK(store->read([&](const View& view) { return view.message(inbox, 1); }) == row);
  CHECK_FALSE(read_body(*store, row.body, 0, 1).has_value());
}

TEST_CASE("a usage entry without its body does not keep eviction busy", "[cache][eviction]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path(), 1000);
    add_body(*store, 500);
  }
  {
    const Env env({.directory = directory.path(), .map_size = 16 * kMebibyte});
    WriteTxn txn(env);
    const auto tables = open_tables(txn);
    txn.put(tables.usage, key_of(std::uint64_t{0}, std::uint64_t{77}), {});
    txn.commit();
  }
  const auto store = open_store(directory.path(), 1000);
  const auto body = add_body(*store, 1000);
  settle(*store);
  CHECK(has_body(*store, body));
  CHECK(store->read([](const View& view) { return view.body_bytes(); }) == 1000);
}

namespace {

/// A store whose clock and disk are these.
struct Surroundings {
  std::uint32_t day = 20'000;
  std::atomic<std::uint64_t> available = 1024 * kMebibyte;
  std::vector<std::string> news;  // written by the writer thread, read when it is idle

  std::unique_ptr<Store> open(const std::filesystem::path& directory, std::uint32_t max_age_days) {
    Store::Options options;
    options.directory = directory;
    options.body_limit_bytes = 64 * kMebibyte;
    options.map_size = 256 * kMebibyte;
    options.max_age_days = max_age_days;
    options.min_free = 100 * kMebibyte;
    options.on_disk_change = [this](const std::string& text) {
      news.push_back(text);
    };
    options.today = [this] {
      return day;
    };
    options.space = [this] {
      return DiskGuard::Space{available, 10'240 * kMebibyte};
    };
    return Store::open(options);
  }
};

std::uint64_t file_size_in(const std::filesystem::path& directory) {
  return std::filesystem::file_size(directory / "data.mdb");
}

}  // namespace

TEST_CASE("bodies that were not used for too long leave", "[cache][eviction][age]") {
  const TemporaryDirectory directory;
  Surroundings around;
  std::vector<BodyId> bodies;
  {
    const auto store = around.open(directory.path(), 30);
    bodies = add_bodies(*store, 3, 1000);
  }
  around.day += 30;
  {
    const auto store = around.open(directory.path(), 30);
    settle(*store);
    CHECK(present(*store, bodies) == std::vector{true, true, true});
    store->touch(bodies[1]);
  }
  around.day += 1;
  const auto store = around.open(directory.path(), 30);
  settle(*store);
  CHECK(present(*store, bodies) == std::vector{false, true, false});
}

TEST_CASE("bodies stay for ever when no age is given", "[cache][eviction][age]") {
  const TemporaryDirectory directory;
  Surroundings around;
  const auto body = add_body(*around.open(directory.path(), 0), 1000);
  around.day += 30'000;
  const auto store = around.open(directory.path(), 0);
  settle(*store);
  CHECK(has_body(*store, body));
}

TEST_CASE("a clock that was set back makes nothing old", "[cache][eviction][age]") {
  const TemporaryDirectory directory;
  Surroundings around;
  const auto body = add_body(*around.open(directory.path(), 30), 1000);
  for (const auto day : {0U, 10U, 30U}) {
    around.day = day;
    const auto store = around.open(directory.path(), 30);
    settle(*store);
    CHECK(has_body(*store, body));
  }
  // Its age has counted from the day on which the clock was found set back.
  around.day = 31;
  const auto store = around.open(directory.path(), 30);
  settle(*store);
  CHECK_FALSE(has_body(*store, body));
}

TEST_CASE("on a disk with little room bodies leave and the file stays as it is",
          "[cache][eviction][disk]") {
  const TemporaryDirectory directory;
  Surroundings around;
  const auto store = around.open(directory.path(), 0);
  auto bodies = add_bodies(*store, 40, 300'000);
  settle(*store);
  CHECK(around.news.empty());
  const auto before = file_size_in(directory.path());
  around.available = 99 * kMebibyte;
  for (int count = 0; count < 60; ++count) bodies.push_back(add_body(*store, 300'000));
  settle(*store);
  CHECK(file_size_in(directory.path()) < before + 2 * kMebibyte);
  CHECK_FALSE(has_body(*store, bodies.front()));
  CHECK(has_body(*store, bodies.back()));
  REQUIRE(around.news.size() == 1);
  CHECK(around.news[0].find("has only 99 MiB left") != std::string::npos);
}

TEST_CASE("one transaction does not fill the room that the disk has left",
          "[cache][eviction][disk]") {
  const TemporaryDirectory directory;
  Surroundings around;
  const auto store = around.open(directory.path(), 0);
  add_bodies(*store, 10, 300'000);
  settle(*store);
  const auto before = file_size_in(directory.path());
  around.available = 101 * kMebibyte;
  // All of these are there when the writer looks at what it can put into its next transaction.
  std::promise<void> all_submitted;
  store->submit([&, ready = all_submitted.get_future().share()](Edit&) {
    ready.wait();
    around.available = 101 * kMebibyte;
  });
  const std::vector<std::byte> chunk(kChunkSize);
  for (int count = 0; count < 50; ++count) {
    store->submit([&, body = store->new_body_id()](Edit& edit) {
      edit.put_body_chunk(body, 0, chunk);
      edit.finish_body(body, chunk.size());
      around.available = 99 * kMebibyte;
    });
  }
  all_submitted.set_value();
  settle(*store);
  CHECK(file_size_in(directory.path()) < before + 3 * kMebibyte);
}

TEST_CASE("a disk is told to have room again only when there is some more", "[cache][disk]") {
  std::vector<std::string> news;
  std::uint64_t available = 0;
  DiskGuard guard({.directory = "/cache",
                   .min_free = 80,
                   .on_change = [&](const std::string& text) { news.push_back(text); },
                   .space =
                       [&] {
                         return DiskGuard::Space{available, 1000};
                       }});
  std::vector<bool> low;
  for (const auto left : {80U, 79U, 81U, 79U, 89U, 90U, 80U}) {
    available = left;
    low.push_back(guard.is_low());
  }
  CHECK(low == std::vector{false, true, true, true, true, false, false});
  CHECK(news.size() == 2);
}

TEST_CASE("a disk that refuses is full, whatever it says of itself", "[cache][disk]") {
  std::vector<std::string> news;
  DiskGuard guard({.directory = "/cache",
                   .on_change = [&](const std::string& text) { news.push_back(text); },
                   .space =
                       [] {
                         return DiskGuard::Space{900, 1000};
                       }});
  CHECK_FALSE(guard.is_low());
  guard.refused();
  guard.refused();
  CHECK(guard.is_low());
  CHECK(news.size() == 1);
}

TEST_CASE("rows are stored while bodies are not", "[cache][disk]") {
  const TemporaryDirectory directory;
  Surroundings around;
  around.available = 0;
  const auto store = around.open(directory.path(), 0);
  const auto inbox = add_mailbox(*store, "INBOX");
  CHECK_THROWS_AS(add_body(*store, 1000), FullError);
  store->run([&](Edit& edit) {
    for (std::uint32_t uid = 1; uid <= 1000; ++uid) edit.put_message(inbox, message(uid));
  });
  CHECK(store->statistics().messages == 1000);
}
