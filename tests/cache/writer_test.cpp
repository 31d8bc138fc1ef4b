#include "tests/cache/child_process.h"
#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <sys/resource.h>

#include <future>
#include <stdexcept>

namespace {

using namespace cache;
using namespace fixtures;

/// How works ended, in the order in which it was said. Filled by the writer thread, read after the
/// store was closed.
class Outcomes {
 public:
  std::function<void(std::exception_ptr)> note(std::string name) {
    return [this, name](const std::exception_ptr& error) {
      ended_.push_back(name + ": " + text_of(error));
    };
  }
  const std::vector<std::string>& ended() const { return ended_; }

 private:
  static std::string text_of(const std::exception_ptr& error) {
    if (!error) return "done";
    try {
      std::rethrow_exception(error);
    } catch (const FullError&) {
      return "full";
    } catch (const std::exception& other) {
      return other.what();
    }
  }

  std::vector<std::string> ended_;
};

/// Keeps the writer busy until it is told to go on, so that what is submitted meanwhile is one
/// batch.
class Gate {
 public:
  explicit Gate(Store& store) {
    store.submit([opened = opened_.get_future().share()](Edit&) { opened.wait(); });
  }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> opened_;
};

std::vector<std::string> names_in(const Store& store) {
  return store.read([](const View& view) {
    std::vector<std::string> names;
    for (const auto& [id, row] : view.mailboxes()) names.push_back(row.wire_name);
    return names;
  });
}

/// Adds messages with long subjects until one is refused. Returns how many fit.
std::uint32_t fill_with_messages(Store& store, MailboxId id, std::uint32_t most) {
  for (std::uint32_t uid = 1; uid <= most; ++uid) {
    auto row = message(uid);
    row.subject = std::string(1000, 's');
    try {
      store.run([&](Edit& edit) { edit.put_message(id, row); });
    } catch (const FullError&) {
      return uid - 1;
    }
  }
  return most;
}

}  // namespace

TEST_CASE("works are committed in the order of submission, also at the end", "[cache][writer]") {
  const TemporaryDirectory directory;
  Outcomes outcomes;
  {
    const auto store = open_store(directory.path());
    for (const auto* name : {"a", "b", "c"}) {
      store->submit([name](Edit& edit) { edit.add_mailbox(mailbox(name)); }, outcomes.note(name));
    }
  }
  CHECK(outcomes.ended() == std::vector<std::string>{"a: done", "b: done", "c: done"});
  CHECK(names_in(*open_store(directory.path())) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a work that fails takes no other one with it", "[cache][writer]") {
  const TemporaryDirectory directory;
  Outcomes outcomes;
  {
    const auto store = open_store(directory.path());
    Gate gate(*store);
    for (int count = 0; count < 10; ++count) {
      const auto name = std::to_string(count);
      store->submit(
          [name, count](Edit& edit) {
            edit.add_mailbox(mailbox(name));
            if (count % 3 == 0) throw std::runtime_error("refused");
          },
          outcomes.note(name));
    }
    gate.open();
  }
  auto ended = outcomes.ended();
  std::ranges::sort(ended);
  CHECK(ended == std::vector<std::string>{"0: refused", "1: done", "2: done", "3: refused",
                                          "4: done", "5: done", "6: refused", "7: done", "8: done",
                                          "9: refused"});
  CHECK(names_in(*open_store(directory.path())) ==
        std::vector<std::string>{"1", "2", "4", "5", "7", "8"});
}

TEST_CASE("an error that a work swallows still fails that work alone", "[cache][writer]") {
  const TemporaryDirectory directory;
  Outcomes outcomes;
  const auto all = octets(kChunkSize, 1);
  {
    const auto store = open_store(directory.path(), 64 * kMebibyte, kMebibyte);
    const auto body = store->new_body_id();
    Gate gate(*store);
    store->submit([](Edit& edit) { edit.add_mailbox(mailbox("before")); }, outcomes.note("before"));
    store->submit(
        [&all, body](Edit& edit) {
          try {
            for (std::uint32_t index = 0; index < 100; ++index) {
              edit.put_body_chunk(body, index, all);
            }
          } catch (const Error&) {
          }
        },
        outcomes.note("large"));
    store->submit([](Edit& edit) { edit.add_mailbox(mailbox("behind")); }, outcomes.note("behind"));
    gate.open();
  }
  CHECK(outcomes.ended() ==
        std::vector<std::string>{"before: done", "large: full", "behind: done"});
  CHECK(names_in(*open_store(directory.path())) == std::vector<std::string>{"before", "behind"});
}

TEST_CASE("what `done` throws is nobody's problem", "[cache][writer]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  store->submit([](Edit&) {}, [](const std::exception_ptr&) { throw std::runtime_error("done"); });
  add_mailbox(*store, "INBOX");
  CHECK(names_in(*store).size() == 1);
}

TEST_CASE("`done` may submit the next work", "[cache][writer]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path());
    store->submit([](Edit& edit) { edit.add_mailbox(mailbox("first")); },
                  [&store = *store](const std::exception_ptr&) {
                    store.submit([](Edit& edit) { edit.add_mailbox(mailbox("second")); });
                  });
    add_mailbox(*store, "third");
  }
  CHECK(names_in(*open_store(directory.path())).size() == 3);
}

TEST_CASE("the writer thread does not wait for itself", "[cache][writer]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  CHECK_THROWS_AS(store->run([&](Edit&) { store->run([](Edit&) {}); }), Error);
}

TEST_CASE("a reader keeps its state while the writer goes on", "[cache][writer]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  const auto seen = store->read([&](const View& view) {
    store->run([&](Edit& edit) { edit.put_message(id, message(1)); });
    return view.message_count(id);
  });
  CHECK(seen == 0);
  CHECK(store->read([&](const View& view) { return view.message_count(id); }) == 1);
}

TEST_CASE("bodies make room for bodies when the map is full", "[cache][full]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 1024 * kMebibyte, 4 * kMebibyte);
  BodyId last;
  for (int count = 0; count < 60; ++count) {
    last = add_body(*store, 300'000);
    CHECK(read_body(*store, last, 0, 300'000) == octets(300'000, last.value));
  }
}

TEST_CASE("bodies make room for rows when the map is full", "[cache][full]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), 1024 * kMebibyte, 4 * kMebibyte);
  const auto id = add_mailbox(*store, "INBOX");
  for (int count = 0; count < 30; ++count) add_body(*store, 100'000);
  CHECK(fill_with_messages(*store, id, 1500) == 1500);
}

TEST_CASE("a work that does not fit is refused and the store goes on", "[cache][full]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path(), 1024 * kMebibyte, 2 * kMebibyte);
    const auto body = store->new_body_id();
    const auto all = octets(4 * kMebibyte, 1);
    CHECK_THROWS_AS(store->run([&](Edit& edit) { put_body(edit, body, all); }), FullError);
    CHECK_FALSE(read_body(*store, body, 0, 1).has_value());
    add_mailbox(*store, "INBOX");
    const auto small = add_body(*store, 100'000);
    CHECK(has_body(*store, small));
  }
  CHECK(open_store(directory.path())->notice().empty());
}

TEST_CASE("rows that fill the map are refused until others are erased", "[cache][full]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), kMebibyte, kMebibyte);
  const auto id = add_mailbox(*store, "INBOX");
  const auto other = add_mailbox(*store, "other");
  const auto fitted = fill_with_messages(*store, id, 2000);
  CHECK(fitted > 100);
  CHECK(fitted < 2000);
  CHECK(store->read([&](const View& view) { return view.message_count(id); }) == fitted);
  CHECK(uids_below(*store, id, 0, 1) == std::vector{fitted});
  CHECK_THROWS_AS(add_mailbox(*store, "one more"), FullError);
  store->run([&](Edit& edit) { edit.erase_mailbox(id); });
  CHECK(fill_with_messages(*store, other, fitted / 2) == fitted / 2);
}

TEST_CASE("a full batch is refused one by one", "[cache][full]") {
  const TemporaryDirectory directory;
  Outcomes outcomes;
  const auto all = octets(4 * kMebibyte, 1);
  {
    const auto store = open_store(directory.path(), 1024 * kMebibyte, 2 * kMebibyte);
    Gate gate(*store);
    for (int count = 0; count < 6; ++count) {
      const auto name = std::to_string(count);
      const auto body = store->new_body_id();
      store->submit(
          [name, body, count, &all](Edit& edit) {
            edit.add_mailbox(mailbox(name));
            if (count % 2 == 0) put_body(edit, body, all);
          },
          outcomes.note(name));
    }
    gate.open();
  }
  CHECK(outcomes.ended() ==
        std::vector<std::string>{"0: full", "1: done", "2: full", "3: done", "4: full", "5: done"});
}

TEST_CASE("a disk that takes no more is a full cache", "[cache][full]") {
  const TemporaryDirectory directory;
  // In another process, because a limit on the size of files stands in for the disk.
  ChildProcess child([&](const ChildProcess::Report&) {
    const auto store = open_store(directory.path());
    const auto id = add_mailbox(*store, "INBOX");
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2 * kMebibyte, 2 * kMebibyte};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    BodyId last;
    for (int count = 0; count < 30; ++count) last = add_body(*store, 200'000);  // evicts
    if (!has_body(*store, last)) return 3;
    const auto body = store->new_body_id();
    const auto all = octets(4 * kMebibyte, 1);
    try {
      store->run([&](Edit& edit) { put_body(edit, body, all); });
      return 4;
    } catch (const FullError&) {
    }
    store->run([&](Edit& edit) { edit.put_message(id, message(1)); });
    return 0;
  });
  CHECK(child.wait() == 0);
  const auto store = open_store(directory.path());
  CHECK(store->notice().empty());
  CHECK(store->read([](const View& view) { return view.totals(); }) == Totals{1, 1001});
}
