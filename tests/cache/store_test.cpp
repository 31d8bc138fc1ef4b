#include "tests/cache/child_process.h"
#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <sys/stat.h>

#include <fstream>
#include <limits>

namespace {

using namespace cache;
using namespace fixtures;
namespace files = std::filesystem;

unsigned mode_of(const files::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

std::size_t count_mailboxes(const Store& store) {
  return store.read([](const View& view) { return view.mailboxes().size(); });
}

void make_store_with_one_mailbox(const files::path& directory) {
  add_mailbox(*open_store(directory), "INBOX");
}

void check_starts_empty(const files::path& directory, const std::string& why) {
  {
    const auto store = open_store(directory);
    CHECK(store->notice().find(why) != std::string::npos);
    CHECK(count_mailboxes(*store) == 0);
    add_mailbox(*store, "INBOX");
  }
  const auto store = open_store(directory);
  CHECK(store->notice().empty());
  CHECK(count_mailboxes(*store) == 1);
}

/// Writes with LMDB itself what the store never would.
void tamper(const files::path& directory,
            const std::function<void(WriteTxn&, const Tables&)>& change) {
  const Env env({.directory = directory, .map_size = 16 * kMebibyte});
  WriteTxn txn(env);
  const auto tables = open_tables(txn);
  change(txn, tables);
  txn.commit();
}

}  // namespace

TEST_CASE("a new store is empty and has nothing to say", "[cache][store]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  CHECK(store->notice().empty());
  CHECK(count_mailboxes(*store) == 0);
  CHECK(store->read([](const View& view) { return view.totals(); }) == Totals{});
}

TEST_CASE("the map is as large as the limit needs unless its size is given", "[cache][store]") {
  const TemporaryDirectory directory;
  for (const auto limit : {std::uint64_t{0}, 1024 * kMebibyte, 64 * 1024 * kMebibyte}) {
    const auto store = Store::open({.directory = directory.path(), .body_limit_bytes = limit});
    add_mailbox(*store, "INBOX");
    CHECK(files::file_size(directory.path() / "data.mdb") < kMebibyte);
  }
}

TEST_CASE("directories and files are for their owner only, whatever the umask", "[cache][store]") {
  const TemporaryDirectory directory;
  const auto nested = directory.path() / "imapfs" / "account";
  const auto before = ::umask(0);
  make_store_with_one_mailbox(nested);
  ::umask(before);
  CHECK(mode_of(nested.parent_path()) == 0700);
  CHECK(mode_of(nested) == 0700);
  for (const auto* file : {"data.mdb", "lock.mdb", "lock"}) {
    INFO(file);
    CHECK(mode_of(nested / file) == 0600);
  }
}

TEST_CASE("a path that is no directory is refused", "[cache][store]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "file") << "text";
  CHECK_THROWS_AS(open_store(directory.path() / "file"), Error);
  CHECK_THROWS_AS(open_store(directory.path() / "file" / "below"), Error);
}

TEST_CASE("another schema version starts empty", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(), [](WriteTxn& txn, const Tables& tables) {
    put_meta_number(txn, tables, Meta::schema_version, kSchemaVersion + 1);
  });
  check_starts_empty(directory.path(), "schema version " + std::to_string(kSchemaVersion + 1));
}

TEST_CASE("a database of another program starts empty", "[cache][store]") {
  const TemporaryDirectory directory;
  {
    const Env env({.directory = directory.path(), .map_size = kMebibyte});
    WriteTxn txn(env);
    txn.put(txn.open_table("theirs"), bytes_of("key"), bytes_of("value"));
    txn.commit();
  }
  check_starts_empty(directory.path(), "another program");
}

TEST_CASE("a data file of garbage starts empty", "[cache][store]") {
  const TemporaryDirectory directory;
  for (const std::size_t size : {10U, 4096U, 100'000U}) {
    INFO(size);
    files::remove(directory.path() / "data.mdb");
    const auto garbage = octets(size, size);
    std::ofstream(directory.path() / "data.mdb", std::ios::binary)
        .write(reinterpret_cast<const char*>(garbage.data()), static_cast<std::streamsize>(size));
    check_starts_empty(directory.path(), "deleted");
  }
}

TEST_CASE("a data file that is cut off starts empty", "[cache][store]") {
  const TemporaryDirectory directory;
  add_body(*open_store(directory.path()), kMebibyte);
  const auto file = directory.path() / "data.mdb";
  for (const auto size : {files::file_size(file) - 1, std::uintmax_t{8192}, std::uintmax_t{5000}}) {
    INFO(size);
    files::resize_file(file, size);
    check_starts_empty(directory.path(), "deleted");
    add_body(*open_store(directory.path()), kMebibyte);
  }
}

TEST_CASE("an empty data file is a new store", "[cache][store]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "data.mdb").flush();
  CHECK(open_store(directory.path())->notice().empty());
}

TEST_CASE("a damaged row is none, and the next open starts empty", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(), [](WriteTxn& txn, const Tables& tables) {
    txn.put(tables.messages, key_of(2U, 7U), bytes_of("\x01garbage"));
  });
  {
    const auto store = open_store(directory.path());
    CHECK(store->notice().empty());
    const MailboxId inbox{2};
    CHECK(store->read([&](const View& view) { return view.message(inbox, 7); }) == std::nullopt);
    store->run([&](Edit& edit) { edit.put_message(inbox, message(7)); });
    CHECK(store->read([&](const View& view) { return view.message(inbox, 7); }) == message(7));
  }
  check_starts_empty(directory.path(), "damaged");
}

TEST_CASE("what is damaged is not listed and makes way", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(), [](WriteTxn& txn, const Tables& tables) {
    txn.put(tables.messages, key_of(2U, 7U), bytes_of("\x01garbage"));
    txn.put(tables.body_infos, key_of(std::uint64_t{9}), bytes_of("garbage"));
  });
  const auto store = open_store(directory.path());
  const MailboxId inbox{2};
  store->run([&](Edit& edit) {
    for (const auto uid : {6U, 8U}) edit.put_message(inbox, message(uid));
  });
  CHECK(uids_below(*store, inbox, 0, 10) == std::vector{8U, 6U});
  CHECK_FALSE(has_body(*store, BodyId{9}));
  store->run([](Edit&) {});  // behind the work that mends
  const auto uids = store->read([&](const View& view) { return view.uid_ranges(inbox); });
  CHECK(uids == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{6, 6}, {8, 8}});
  CHECK_FALSE(store->read([](const View& view) { return view.body_size(BodyId{9}); }));
}

TEST_CASE("damage met while writing starts empty next time", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(), [](WriteTxn& txn, const Tables& tables) {
    txn.put(tables.totals, key_of(2U), bytes_of("garbage"));
  });
  {
    const auto store = open_store(directory.path());
    const auto put = [](Edit& edit) {
      edit.put_message(MailboxId{2}, message(7));
    };
    CHECK_THROWS_AS(store->run(put), CorruptError);
    add_mailbox(*store, "other");
  }
  check_starts_empty(directory.path(), "damaged");
}

TEST_CASE("damage in what the chores read fails no work", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(),
         [](WriteTxn& txn, const Tables& tables) { txn.put(tables.erased, bytes_of("x"), {}); });
  const auto store = open_store(directory.path());
  add_mailbox(*store, "second");
  CHECK(count_mailboxes(*store) == 2);
}

TEST_CASE("a second open is refused and told who has the store", "[cache][store]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  try {
    open_store(directory.path());
    FAIL("it was opened twice");
  } catch (const LockedError& locked) {
    CHECK(locked.holder() == ::getpid());
  }
  add_mailbox(*store, "INBOX");
}

TEST_CASE("another process that has the store open is named", "[cache][store]") {
  const TemporaryDirectory directory;
  ChildProcess child([&](const ChildProcess::Report& report) {
    const auto store = open_store(directory.path());
    add_mailbox(*store, "INBOX");
    report();
    ::pause();
    return 0;
  });
  REQUIRE(child.wait_for_reports(1));
  try {
    open_store(directory.path());
    FAIL("it was opened twice");
  } catch (const LockedError& locked) {
    CHECK(locked.holder() == child.pid());
    CHECK(std::string(locked.what()).find(std::to_string(child.pid())) != std::string::npos);
  }
  child.kill();
  const auto store = open_store(directory.path());
  CHECK(store->notice().empty());
  CHECK(count_mailboxes(*store) == 1);
}

TEST_CASE("mailbox numbers end with an error, not with a number used twice", "[cache][store]") {
  const TemporaryDirectory directory;
  make_store_with_one_mailbox(directory.path());
  tamper(directory.path(), [](WriteTxn& txn, const Tables& tables) {
    put_meta_number(txn, tables, Meta::last_mailbox, kLastMailboxId.value - 1);
  });
  const auto store = open_store(directory.path());
  CHECK(add_mailbox(*store, "last") == kLastMailboxId);
  CHECK_THROWS_AS(add_mailbox(*store, "one too many"), Error);
}
