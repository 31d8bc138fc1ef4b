// Bodies on their way from a connection to the cache and to readers.

#include "fs/mail/body_batch.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <memory>

using fs::BodyBatch;
using fs::BodyFetch;
using imap::Uid;

namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;

/// A mailbox of three messages whose sizes are unknown, in a cache of its own.
struct Cached {
  TemporaryDirectory directory;
  std::unique_ptr<cache::Store> store;
  cache::MailboxId mailbox;
  std::vector<BodyBatch::Settled> settled;  // filled by the writer; look at it after `wait`

  explicit Cached(std::uint64_t map_size = 64 * kMebibyte)
      : store(cache::Store::open({directory.path() / "cache", 32 * kMebibyte, map_size})) {
    store->run([this](cache::Edit& edit) {
      mailbox = edit.add_mailbox({.wire_name = "INBOX", .delimiter = '/'});
      for (std::uint32_t uid = 1; uid <= 3; ++uid) {
        cache::MessageRow row;
        row.uid = uid;
        edit.put_message(mailbox, row);
      }
    });
  }

  std::unique_ptr<BodyBatch> batch(BodyBatch::Wanted wanted) {
    return std::make_unique<BodyBatch>(
        *store, mailbox, std::move(wanted),
        [this](const BodyBatch::Settled& one) { settled.push_back(one); });
  }
  void wait() const {
    store->run([](cache::Edit&) {});
  }
  std::string cached(std::uint32_t uid) const {
    return store->read([&](const cache::View& view) {
      std::string octets;
      const auto row = view.message(mailbox, uid);
      view.body(row->body, 0, 1'000'000'000, [&octets](cache::Bytes piece) {
        octets.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
      return octets;
    });
  }
};

std::span<const std::byte> octets(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::shared_ptr<fs::BodyData> wait_for(BodyFetch& fetch, std::uint64_t end) {
  const imap::Progress progress;
  fs::NoInterrupt nobody;
  return fetch.wait_for(end, fs::Patience(progress, std::chrono::seconds(10)), nobody);
}

}  // namespace

TEST_CASE("a body that comes octet by octet is whole", "[fs][batch]") {
  Cached cached;
  std::string text(300'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  const auto fetch = std::make_shared<BodyFetch>();
  auto batch = cached.batch({{Uid{1}, fetch}});
  batch->begin(Uid{1}, text.size());
  for (const char& c : text) batch->data(octets({&c, 1}));
  CHECK(wait_for(*fetch, text.size())->received() == text.size());
  CHECK_FALSE(fetch->is_finished());
  batch->end(Uid{1});
  CHECK(fetch->is_finished());
  cached.wait();
  REQUIRE(cached.settled.size() == 1);
  CHECK(cached.settled[0].cached);
  CHECK(cached.settled[0].has_grown);
  CHECK((cached.cached(1) == text));
}

TEST_CASE("a body that was cut off leaves nothing behind", "[fs][batch]") {
  Cached cached;
  const auto fetch = std::make_shared<BodyFetch>();
  auto batch = cached.batch({{Uid{1}, fetch}});
  batch->begin(Uid{1}, 500'000);
  batch->data(octets(std::string(200'000, 'x')));
  const auto id = wait_for(*fetch, 10)->id();
  batch.reset();
  cached.wait();
  const bool there = cached.store->read(
      [id](const cache::View& view) { return view.body(id, 0, 10, [](cache::Bytes) {}); });
  CHECK_FALSE(there);
  CHECK_FALSE(fetch->size());
  CHECK(cached.settled.empty());
}

TEST_CASE("a body that nobody asked for is passed over", "[fs][batch]") {
  Cached cached;
  const auto fetch = std::make_shared<BodyFetch>();
  auto batch = cached.batch({{Uid{1}, fetch}});
  for (const auto uid : {std::optional(Uid{2}), std::optional<Uid>()}) {
    batch->begin(uid, 5);
    batch->data(octets("other"));
    batch->end(Uid{2});
  }
  batch->begin(std::nullopt, 5);
  batch->data(octets("other"));
  batch->end(std::nullopt);
  CHECK(batch->missing() == imap::UidSet(Uid{1}));
  batch->begin(std::nullopt, 4);
  batch->data(octets("mine"));
  batch->end(Uid{1});
  CHECK(batch->missing().empty());
  cached.wait();
  CHECK(cached.cached(1) == "mine");
  CHECK(cached.cached(2).empty());
}

TEST_CASE("a body that ends as another message's is a breach of the protocol", "[fs][batch]") {
  Cached cached;
  const auto fetch = std::make_shared<BodyFetch>();
  auto batch = cached.batch({{Uid{1}, fetch}, {Uid{2}, std::make_shared<BodyFetch>()}});
  batch->begin(Uid{1}, 4);
  batch->data(octets("mail"));
  CHECK_THROWS_AS(batch->end(Uid{2}), imap::ProtocolError);
  CHECK_FALSE(fetch->is_finished());
}

TEST_CASE("what the cache does not take stays in memory", "[fs][batch]") {
  Cached cached(kMebibyte);
  const std::string text(3'000'000, 'x');
  const auto fetch = std::make_shared<BodyFetch>();
  auto batch = cached.batch({{Uid{1}, fetch}});
  batch->begin(Uid{1}, text.size());
  batch->data(octets(text));
  batch->end(Uid{1});
  cached.wait();
  REQUIRE(cached.settled.size() == 1);
  CHECK_FALSE(cached.settled[0].cached);
  CHECK(wait_for(*fetch, text.size())->is_kept_in_memory());
}

TEST_CASE("a fetch that failed says why to all, and only the first end counts", "[fs][batch]") {
  BodyFetch fetch;
  fetch.finish(std::make_exception_ptr(imap::ConnectionError("cut")));
  fetch.finish(nullptr);
  CHECK_THROWS_AS(wait_for(fetch, 0), imap::ConnectionError);
  CHECK_THROWS_AS(wait_for(fetch, 10), imap::ConnectionError);
}

TEST_CASE("others who are served keep up the patience of those who wait", "[fs][batch]") {
  imap::Progress progress;
  const fs::Patience patience(progress, std::chrono::milliseconds(50));
  const auto before = patience.deadline();
  CHECK(before <= imap::Deadline::after(std::chrono::milliseconds(50)));
  CHECK(patience.deadline() == before);
  progress.touch();
  CHECK(patience.deadline() >= before);
}
