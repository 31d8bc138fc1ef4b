#pragma once
/// What the tests of the store need again and again: a store in a directory, rows, bodies.

#include "cache/store.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fixtures {

inline constexpr std::uint64_t kMebibyte = 1024 * 1024;

inline std::unique_ptr<cache::Store> open_store(const std::filesystem::path& directory,
                                                std::uint64_t body_limit = 64 * kMebibyte,
                                                std::uint64_t map_size = 256 * kMebibyte) {
  return cache::Store::open(
      {.directory = directory, .body_limit_bytes = body_limit, .map_size = map_size});
}

inline cache::MailboxRow mailbox(std::string name) {
  cache::MailboxRow row;
  row.wire_name = std::move(name);
  row.delimiter = '/';
  row.uid_validity = 1;
  return row;
}

inline cache::MessageRow message(std::uint32_t uid) {
  cache::MessageRow row;
  row.uid = uid;
  row.size = 1000 + uid;
  row.subject = "message " + std::to_string(uid);
  row.from_address = "alice@example.org";
  return row;
}

inline cache::MailboxId add_mailbox(cache::Store& store, std::string name) {
  cache::MailboxId id;
  store.run([&](cache::Edit& edit) { id = edit.add_mailbox(mailbox(name)); });
  return id;
}

/// Octets that differ from body to body and from place to place.
inline std::vector<std::byte> octets(std::uint64_t size, std::uint64_t seed) {
  std::vector<std::byte> all(size);
  auto state = seed * 0x9E37'79B9'7F4A'7C15ULL + 1;
  for (auto& octet : all) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    octet = static_cast<std::byte>(state >> 56U);
  }
  return all;
}

inline void put_body(cache::Edit& edit, cache::BodyId body, const std::vector<std::byte>& all) {
  const cache::Bytes left(all);
  for (std::uint64_t at = 0; at < all.size(); at += cache::kChunkSize) {
    edit.put_body_chunk(body, static_cast<std::uint32_t>(at / cache::kChunkSize),
                        left.subspan(at, std::min(cache::kChunkSize, all.size() - at)));
  }
  edit.finish_body(body, all.size());
}

inline cache::BodyId add_body(cache::Store& store, std::uint64_t size) {
  const auto body = store.new_body_id();
  const auto all = octets(size, body.value);
  store.run([&](cache::Edit& edit) { put_body(edit, body, all); });
  return body;
}

/// The part of a body that a view gives, or nothing when it says that it is not there.
inline std::optional<std::vector<std::byte>> read_body(const cache::Store& store,
                                                       cache::BodyId body, std::uint64_t offset,
                                                       std::uint64_t length) {
  return store.read([&](const cache::View& view) -> std::optional<std::vector<std::byte>> {
    std::vector<std::byte> got;
    const bool there = view.body(body, offset, length, [&](cache::Bytes piece) {
      got.insert(got.end(), piece.begin(), piece.end());
    });
    if (!there) return std::nullopt;
    return got;
  });
}

inline bool has_body(const cache::Store& store, cache::BodyId body) {
  return store.read([&](const cache::View& view) { return view.body_size(body).has_value(); });
}

inline std::vector<std::uint32_t> uids_below(const cache::Store& store, cache::MailboxId mailbox,
                                             std::uint32_t below, std::size_t most) {
  return store.read([&](const cache::View& view) {
    std::vector<std::uint32_t> uids;
    view.messages_below(mailbox, below, [&](const cache::MessageRow& row) {
      uids.push_back(row.uid);
      return uids.size() < most;
    });
    return uids;
  });
}

}  // namespace fixtures
