#include "tests/cache/fixtures.h"
#include "tests/cache/temporary_directory.h"
#include "tests/support/catch.h"

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
