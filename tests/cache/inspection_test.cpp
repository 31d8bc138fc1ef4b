#include "cache/inspection.h"

#include "cache/compaction.h"
#include "tests/cache/child_process.h"
#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

namespace {

using namespace cache;
using namespace fixtures;
namespace files = std::filesystem;

/// A cache with a bit of everything; its bodies have the ids that are returned.
std::vector<BodyId> fill(const files::path& directory) {
  const auto store = open_store(directory);
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto gone = add_mailbox(*store, "gone");
  std::vector<BodyId> bodies;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{5}, kChunkSize, 3 * kChunkSize + 7}) {
    bodies.push_back(add_body(*store, size));
  }
  store->run([&](Edit& edit) {
    for (std::uint32_t uid = 1; uid <= 10; ++uid) edit.put_message(inbox, message(uid));
    for (std::uint32_t uid = 1; uid <= 10; ++uid) edit.put_message(gone, message(uid));
    edit.erase_mailbox(gone);
    edit.put_account({.prefix = "", .delimiter = '/', .folders_at = 1});
    edit.share_body("M1", bodies.back());
    edit.put_body_chunk(store->new_body_id(), 0, octets(10, 1));  // never finished
  });
  return bodies;
}

void tamper(const files::path& directory,
            const std::function<void(WriteTxn&, const Tables&)>& change) {
  const Env env({.directory = directory, .map_size = 256 * kMebibyte});
  WriteTxn txn(env);
  const auto tables = open_tables(txn);
  change(txn, tables);
  txn.commit();
}

}  // namespace

TEST_CASE("a cache that was written by a store is sound", "[cache][verify]") {
  const TemporaryDirectory directory;
  fill(directory.path());
  CHECK(verify(directory.path()) == std::vector<std::string>{});
}

TEST_CASE("a body whose chunks came in any order has its checksum", "[cache][verify]") {
  const TemporaryDirectory directory;
  const auto all = octets(2 * kChunkSize, 1);
  {
    const auto store = open_store(directory.path());
    const auto body = store->new_body_id();
    const auto half = [&](std::uint32_t index) {
      return Bytes(all).subspan(index * kChunkSize, kChunkSize);
    };
    store->run([&](Edit& edit) { edit.put_body_chunk(body, 1, half(1)); });
    store->run([&](Edit& edit) { edit.put_body_chunk(body, 0, half(0)); });
    store->run([&](Edit& edit) { edit.finish_body(body, all.size()); });
    const auto again = store->new_body_id();
    store->run([&](Edit& edit) {
      for (const auto index : {0U, 0U, 1U}) edit.put_body_chunk(again, index, half(index));
      edit.finish_body(again, all.size());
    });
  }
  CHECK(verify(directory.path()) == std::vector<std::string>{});
}

TEST_CASE("each kind of damage is found and named", "[cache][verify]") {
  using Change = std::function<void(WriteTxn&, const Tables&, const std::vector<BodyId>&)>;
  const std::pair<std::string, Change> damages[] = {
      {"has another checksum",
       [](auto& txn, auto& tables, auto& bodies) {
         auto chunk = octets(5, 99);
         txn.put(tables.bodies, key_of(bodies[1].value, 0U), chunk);
       }},
      {"lacks chunk 2",
       [](auto& txn, auto& tables, auto& bodies) {
         txn.erase(tables.bodies, key_of(bodies[3].value, 2U));
       }},
      {"belongs to no body",
       [](auto& txn, auto& tables, auto& bodies) {
         txn.put(tables.bodies, key_of(bodies[3].value, 9U), bytes_of("x"));
       }},
      {"an entry of messages",
       [](auto& txn, auto& tables, auto&) {
         txn.put(tables.messages, key_of(2U, 3U), bytes_of("garbage"));
       }},
      {"counts 10 messages",
       [](auto& txn, auto& tables, auto&) {
         txn.erase(tables.messages, key_of(2U, 3U));
       }},
      {"which is not there",
       [](auto& txn, auto& tables, auto&) {
         txn.put(tables.messages, key_of(77U, 3U), encode(message(3)).bytes());
       }},
      {"is not in the order of use",
       [](auto& txn, auto& tables, auto&) {
         const auto first = Cursor(txn, tables.usage).first();
         const std::vector<std::byte> key(first->key.begin(), first->key.end());
         txn.erase(tables.usage, key);
       }},
      {"the order of use has a place",
       [](auto& txn, auto& tables, auto&) {
         txn.put(tables.usage, key_of(std::uint64_t{1} << 40U, std::uint64_t{4}), {});
       }},
      {"an object id stands for",
       [](auto& txn, auto& tables, auto& bodies) {
         txn.put(tables.objects, bytes_of("M2"), key_of(bodies[0].value));
       }},
      {"is not found by its object id",
       [](auto& txn, auto& tables, auto&) {
         txn.erase(tables.objects, bytes_of("M1"));
       }},
      {"all bodies together",
       [](auto& txn, auto& tables, auto&) {
         put_meta_number(txn, tables, Meta::body_bytes, 1);
       }},
      {"has no totals",
       [](auto& txn, auto& tables, auto&) {
         txn.erase(tables.totals, key_of(2U));
       }},
      {"schema version",
       [](auto& txn, auto& tables, auto&) {
         put_meta_number(txn, tables, Meta::schema_version, 1);
       }},
  };
  for (const auto& [expected, change] : damages) {
    INFO(expected);
    const TemporaryDirectory directory;
    const auto bodies = fill(directory.path());
    tamper(directory.path(), [&](auto& txn, auto& tables) { change(txn, tables, bodies); });
    const auto faults = verify(directory.path());
    REQUIRE_FALSE(faults.empty());
    CHECK(std::any_of(faults.begin(), faults.end(), [&expected = expected](const auto& fault) {
      return fault.find(expected) != std::string::npos;
    }));
  }
}

TEST_CASE("a cache can be looked at beside the process that uses it", "[cache][inspect]") {
  const TemporaryDirectory directory;
  fill(directory.path());
  ChildProcess child([&](const ChildProcess::Report& report) {
    const auto store = Store::open(
        {.directory = directory.path(), .body_limit_bytes = 1, .purpose = "the mount on /mnt"});
    add_mailbox(*store, "second");
    report();
    for (;;) ::pause();
    return 0;
  });
  REQUIRE(child.wait_for_reports(1));
  const auto found = inspect(directory.path());
  CHECK(found.statistics.mailboxes == 2);
  CHECK(found.statistics.messages == 10);
  const auto who = "process " + std::to_string(child.pid()) + " (the mount on /mnt)";
  CHECK(found.in_use.find(who) != std::string::npos);
  CHECK_THROWS_AS(verify(directory.path()), LockedError);
  CHECK_THROWS_AS(clear(directory.path()), LockedError);
  child.kill();
  CHECK(inspect(directory.path()).in_use.empty());
}

TEST_CASE("the numbers of a cache add up", "[cache][inspect]") {
  const TemporaryDirectory directory;
  fill(directory.path());
  const auto numbers = inspect(directory.path()).statistics;
  CHECK(numbers.mailboxes == 1);
  CHECK(numbers.messages == 10);
  CHECK(numbers.bodies == 4);
  CHECK(numbers.body_bytes == 4 * kChunkSize + 12);
  CHECK(numbers.body_pages >= numbers.body_bytes);
  CHECK(numbers.file_bytes >= numbers.body_pages + numbers.row_pages);
  CHECK(numbers.file_bytes == files::file_size(directory.path() / "data.mdb"));
}

TEST_CASE("a cleared cache is empty, and nothing is left of it", "[cache][clear]") {
  const TemporaryDirectory directory;
  fill(directory.path());
  CHECK(clear(directory.path()) > kChunkSize);
  CHECK_FALSE(has_database(directory.path()));
  CHECK(clear(directory.path()) == 0);
  CHECK_THROWS_AS(inspect(directory.path()), Error);
  CHECK_THROWS_AS(verify(directory.path()), Error);
  CHECK(open_store(directory.path())->notice().empty());
}

TEST_CASE("a file that is mostly free is written anew at the next open", "[cache][compaction]") {
  const TemporaryDirectory directory;
  std::vector<BodyId> bodies;
  {
    const auto store = open_store(directory.path(), 200 * kMebibyte);
    for (int count = 0; count < 100; ++count) bodies.push_back(add_body(*store, kMebibyte));
  }
  {
    const auto store = open_store(directory.path(), 10 * kMebibyte);
    for (int count = 0; count < 4; ++count) store->run([](Edit&) {});
  }
  CHECK(files::file_size(directory.path() / "data.mdb") > 100 * kMebibyte);
  {
    const auto store = open_store(directory.path(), 10 * kMebibyte);
    CHECK(store->notice().empty());
    CHECK(files::file_size(directory.path() / "data.mdb") < 20 * kMebibyte);
    CHECK(read_body(*store, bodies.back(), 0, kMebibyte) == octets(kMebibyte, bodies.back().value));
  }
  CHECK(verify(directory.path()) == std::vector<std::string>{});
  CHECK_FALSE(files::exists(directory.path() / kCompactedName));
  CHECK(files::status(directory.path() / "data.mdb").permissions() ==
        (files::perms::owner_read | files::perms::owner_write));
}
