#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

namespace {

using namespace cache;
using namespace fixtures;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

std::vector<std::byte> part(const std::vector<std::byte>& all, std::uint64_t offset,
                            std::uint64_t length) {
  const auto begin = std::min<std::uint64_t>(offset, all.size());
  const auto end = begin + std::min<std::uint64_t>(length, all.size() - begin);
  return {all.begin() + static_cast<std::ptrdiff_t>(begin),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace

TEST_CASE("a body of any size is read whole and after a restart", "[cache][bodies]") {
  const TemporaryDirectory directory;
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kChunkSize - 1, kChunkSize,
                                   kChunkSize + 1, 5 * kChunkSize, 7 * kChunkSize + 12345}) {
    INFO(size);
    BodyId body;
    {
      const auto store = open_store(directory.path());
      body = add_body(*store, size);
      CHECK(read_body(*store, body, 0, kAll) == octets(size, body.value));
    }
    const auto store = open_store(directory.path());
    CHECK(store->read([&](const View& view) { return view.body_size(body); }) == size);
    CHECK(read_body(*store, body, 0, size) == octets(size, body.value));
  }
}

TEST_CASE("a range of a body is read across chunks", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto body = add_body(*store, 3 * kChunkSize + 100);
  const auto all = octets(3 * kChunkSize + 100, body.value);
  for (const auto& [offset, length] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 1},
                                                            {10, 20},
                                                            {kChunkSize - 1, 2},
                                                            {kChunkSize, 1},
                                                            {kChunkSize - 5, 2 * kChunkSize},
                                                            {3 * kChunkSize, 100},
                                                            {3 * kChunkSize + 99, 50},
                                                            {3 * kChunkSize + 100, 50},
                                                            {1ULL << 60U, 50},
                                                            {5, kAll},
                                                            {5, 0}}) {
    INFO(offset << " " << length);
    CHECK(read_body(*store, body, offset, length) == part(all, offset, length));
  }
}

TEST_CASE("a range within one chunk is one piece, straight from the map", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto body = add_body(*store, 2 * kChunkSize);
  const auto pieces = store->read([&](const View& view) {
    std::vector<std::size_t> sizes;
    view.body(body, 100, kChunkSize, [&](Bytes piece) { sizes.push_back(piece.size()); });
    return sizes;
  });
  CHECK(pieces == std::vector<std::size_t>{kChunkSize - 100, 100});
}

TEST_CASE("a body that is not there is said to be missing", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  CHECK_FALSE(has_body(*store, BodyId{0}));
  CHECK_FALSE(read_body(*store, BodyId{0}, 0, 1).has_value());
  CHECK_FALSE(read_body(*store, store->new_body_id(), 0, 0).has_value());
  const auto body = add_body(*store, 10);
  store->run([&](Edit& edit) {
    edit.erase_body(body);
    edit.erase_body(body);
  });
  CHECK_FALSE(read_body(*store, body, 0, 10).has_value());
  CHECK(store->read([](const View& view) { return view.body_bytes(); }) == 0);
}

TEST_CASE("chunks that have arrived are readable before the body is complete", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto body = store->new_body_id();
  const auto all = octets(2 * kChunkSize + 50, body.value);
  const Bytes bytes(all);
  store->run([&](Edit& edit) {
    edit.put_body_chunk(body, 2, bytes.subspan(2 * kChunkSize));
    edit.put_body_chunk(body, 0, bytes.first(kChunkSize));
  });
  CHECK_FALSE(has_body(*store, body));
  CHECK(read_body(*store, body, 7, 1000) == part(all, 7, 1000));
  CHECK_FALSE(read_body(*store, body, kChunkSize - 1, 2).has_value());
  CHECK(read_body(*store, body, 2 * kChunkSize, 50) == part(all, 2 * kChunkSize, 50));
  CHECK_FALSE(read_body(*store, body, 2 * kChunkSize, 51).has_value());
  store->run([&](Edit& edit) {
    edit.put_body_chunk(body, 1, bytes.subspan(kChunkSize, kChunkSize));
    edit.finish_body(body, all.size());
    edit.finish_body(body, all.size());
  });
  CHECK(read_body(*store, body, 0, kAll) == all);
}

TEST_CASE("a body is finished only by exactly its chunks", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto all = octets(kChunkSize + 10, 1);
  const auto body = store->new_body_id();
  const auto finish_with = [&](std::uint64_t size) {
    store->run([&](Edit& edit) { edit.finish_body(body, size); });
  };
  CHECK_THROWS_AS(finish_with(1), Error);
  store->run([&](Edit& edit) {
    edit.put_body_chunk(body, 0, Bytes(all).first(kChunkSize));
    edit.put_body_chunk(body, 1, Bytes(all).subspan(kChunkSize));
  });
  for (const auto wrong :
       {std::uint64_t{0}, kChunkSize, kChunkSize + 9, kChunkSize + 11, 2 * kChunkSize + 1, kAll}) {
    INFO(wrong);
    CHECK_THROWS_AS(finish_with(wrong), Error);
  }
  finish_with(kChunkSize + 10);
  CHECK_THROWS_AS(finish_with(kChunkSize), Error);
  CHECK_THROWS_AS(store->run([&](Edit& edit) { edit.put_body_chunk(body, 0, {}); }), Error);
  CHECK(read_body(*store, body, 0, kAll) == all);
}

TEST_CASE("a stream that ends with an empty chunk makes a body", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto body = store->new_body_id();
  const auto all = octets(kChunkSize, 1);
  store->run([&](Edit& edit) {
    edit.put_body_chunk(body, 0, all);
    edit.put_body_chunk(body, 1, {});
    edit.finish_body(body, kChunkSize);
  });
  CHECK(read_body(*store, body, 0, kAll) == all);
}

TEST_CASE("a chunk that is too large or of no body is refused", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto all = octets(kChunkSize + 1, 1);
  const auto body = store->new_body_id();
  CHECK_THROWS_AS(store->run([&](Edit& edit) { edit.put_body_chunk(body, 0, all); }), Error);
  CHECK_THROWS_AS(store->run([&](Edit& edit) { edit.put_body_chunk(BodyId{}, 0, {}); }), Error);
}

TEST_CASE("a body that was not finished is gone after a restart", "[cache][bodies]") {
  const TemporaryDirectory directory;
  BodyId complete;
  BodyId unfinished;
  {
    const auto store = open_store(directory.path());
    complete = add_body(*store, 1000);
    unfinished = store->new_body_id();
    const auto all = octets(kChunkSize, 1);
    store->run([&](Edit& edit) {
      edit.put_body_chunk(unfinished, 0, all);
      edit.put_body_chunk(unfinished, 1, all);
    });
    CHECK(read_body(*store, unfinished, 0, 10).has_value());
  }
  const auto store = open_store(directory.path());
  CHECK_FALSE(read_body(*store, unfinished, 0, 10).has_value());
  CHECK(has_body(*store, complete));
}

TEST_CASE("body ids are never given out twice, not even over restarts", "[cache][bodies]") {
  const TemporaryDirectory directory;
  BodyId last;
  for (int round = 0; round < 3; ++round) {
    const auto store = open_store(directory.path());
    for (int count = 0; count < 10; ++count) {
      const auto next = store->new_body_id();
      CHECK(next > last);
      last = next;
    }
  }
}

TEST_CASE("one body serves many messages and stays when one of them is erased", "[cache][bodies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto archive = add_mailbox(*store, "Archive");
  const auto body = add_body(*store, 100);
  auto row = message(1);
  row.body = body;
  store->run([&](Edit& edit) { edit.put_message(inbox, row); });
  store->run([&](Edit& edit) {
    auto moved = *edit.message(inbox, 1);
    moved.uid = 9;
    edit.put_message(archive, moved);
    edit.erase_message(inbox, 1);
  });
  const auto moved = store->read([&](const View& view) { return view.message(archive, 9); });
  REQUIRE(moved.has_value());
  CHECK(read_body(*store, moved->body, 0, 100) == octets(100, body.value));
}
