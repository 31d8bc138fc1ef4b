#include "fs/mail/bodies.h"

#include "cache/view.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace fs {
namespace {

/// Bodies that the cache did not take and that are kept in memory instead: a reader comes back for
/// every 128 KiB, and must not cause a download each time.
constexpr std::uint64_t kMostKept = std::uint64_t{64} << 20;

}  // namespace

void Bodies::read(cache::MailboxId mailbox, imap::Uid uid, std::uint64_t offset,
                  std::uint64_t length, Interrupt& interrupt, const Consume& consume) {
  const MessageKey key{mailbox.value, uid.value};
  // What was found complete can be evicted a moment later; a second such accident is one too many.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::uint64_t size_hint = 0;
    // A body that the first look missed and that is no longer arriving may have come in between.
    if (read_cached(key, offset, length, consume, size_hint) ||
        (!is_arriving(key) && read_cached(key, offset, length, consume, size_hint))) {
      if (offset == 0) note_read(key, true);
      return;
    }
    if (Heads::may_do(offset, length, size_hint) && !is_arriving(key) &&
        read_head(key, offset, length, interrupt, consume)) {
      return;
    }
    const auto fetch = join_fetch(key);
    if (offset == 0 && attempt == 0) note_read(key, false);
    const auto data = fetch->wait_for(offset + length, backing_.patience(), interrupt);
    const bool has_grown = data->size() > size_hint;
    if (read_arriving(*data, offset, length, has_grown, consume)) return;
  }
  throw UnfetchableError(fmt::format("message {} left the cache while it was read", uid.value));
}

std::optional<std::vector<std::byte>> Bodies::cached(const MessageKey& key,
                                                     std::uint64_t most) const {
  return backing_.cache.read([&](const cache::View& view) -> std::optional<std::vector<std::byte>> {
    const auto row = view.message({key.mailbox}, key.uid);
    const auto body = row ? view.body_of(*row) : std::nullopt;
    const auto size = body ? view.body_size(*body) : std::nullopt;
    if (!size || *size > most) return std::nullopt;
    std::vector<std::byte> octets;
    octets.reserve(*size);
    const bool whole = view.body(*body, 0, *size, [&octets](cache::Bytes bytes) {
      octets.insert(octets.end(), bytes.begin(), bytes.end());
    });
    if (!whole) return std::nullopt;
    backing_.cache.touch(*body);
    return octets;
  });
}

std::uint64_t Bodies::learn_size(cache::MailboxId mailbox, imap::Uid uid, Interrupt& interrupt) {
  try {
    return join_fetch({mailbox.value, uid.value})
        ->wait_for(0, backing_.patience(), interrupt)
        ->size();
  } catch (const imap::CancelledError&) {
    throw;
  } catch (const std::exception&) {
    // Whoever reads it hears why it cannot be had.
    return 0;
  }
}

bool Bodies::read_cached(const MessageKey& key, std::uint64_t offset, std::uint64_t length,
                         const Consume& consume, std::uint64_t& size_hint) const {
  bool has_grown = false;
  bool arriving = false;
  fetches_.with([&](const Fetches& fetches) {
    has_grown = fetches.grown.contains(key);
    arriving = fetches.running.contains(key);
  });
  return backing_.cache.read([&](const cache::View& view) {
    std::optional<cache::BodyId> body;
    if (const auto row = view.message({key.mailbox}, key.uid)) {
      size_hint = row->size;
      body = view.body_of(*row);
    } else if (const auto departed = changes_.departed().find(key)) {
      body = departed->body;
      if (!view.body_size(*body)) throw StaleError(fmt::format("message {} is gone", key.uid));
    } else if (!arriving) {
      throw StaleError(fmt::format("message {} is gone", key.uid));
    }
    if (!body) return false;
    std::vector<std::span<const std::byte>> pieces;
    const bool whole = view.body(*body, offset, length,
                                 [&pieces](cache::Bytes bytes) { pieces.push_back(bytes); });
    if (!whole) return false;
    backing_.cache.touch(*body);
    consume({pieces, has_grown});
    return true;
  });
}

bool Bodies::read_arriving(const BodyData& data, std::uint64_t offset, std::uint64_t length,
                           bool has_grown, const Consume& consume) const {
  const auto end = std::min(offset + length, data.size());
  std::vector<BodyData::Chunk> held;
  std::vector<std::span<const std::byte>> pieces;
  for (auto at = offset; at < end;) {
    const auto index = static_cast<std::uint32_t>(at / cache::kChunkSize);
    const auto within = at % cache::kChunkSize;
    const auto size = std::min(end - at, cache::kChunkSize - within);
    auto chunk = data.chunk(index);
    if (!chunk) {
      // It has gone to the cache meanwhile.
      std::vector<std::byte> copy;
      const bool found = backing_.cache.read([&](const cache::View& view) {
        return view.body(data.id(), at, size, [&copy](cache::Bytes bytes) {
          copy.insert(copy.end(), bytes.begin(), bytes.end());
        });
      });
      if (!found || copy.size() != size) return false;
      held.push_back(std::make_shared<const std::vector<std::byte>>(std::move(copy)));
      pieces.emplace_back(*held.back());
    } else {
      held.push_back(std::move(chunk));
      pieces.push_back(std::span(*held.back()).subspan(within, size));
    }
    at += size;
  }
  consume({pieces, has_grown});
  return true;
}

/// False: the whole message has to be fetched.
bool Bodies::read_head(const MessageKey& key, std::uint64_t offset, std::uint64_t length,
                       Interrupt& interrupt, const Consume& consume) {
  const auto [head, is_new] = heads_.join(key);
  if (is_new) start_head(key, head);
  try {
    const auto data = head->wait_for(offset + length, backing_.patience(), interrupt);
    // Less than was asked for is all there is, so the announced size was wrong: who fetches all of
    // it corrects that. The kernel would show zeros up to the announced end otherwise.
    return data->size() == Heads::kBytes && read_arriving(*data, offset, length, false, consume);
  } catch (const UnfetchableError&) {
    return false;
  }
}

std::optional<std::uint64_t> Bodies::arriving_size(cache::MailboxId mailbox, imap::Uid uid) const {
  return fetches_.with([&](const Fetches& fetches) -> std::optional<std::uint64_t> {
    const auto running = fetches.running.find({mailbox.value, uid.value});
    return running == fetches.running.end() ? std::nullopt : running->second->size();
  });
}

bool Bodies::is_arriving(const MessageKey& key) const {
  return fetches_.with([&key](const Fetches& fetches) { return fetches.running.contains(key); });
}

std::shared_ptr<BodyFetch> Bodies::join_fetch(const MessageKey& key) {
  bool start = false;
  auto fetch = fetches_.with([&](Fetches& fetches) {
    auto& running = fetches.running[key];
    if (!running) {
      running = std::make_shared<BodyFetch>();
      start = true;
    }
    return running;
  });
  if (start) start_fetch({key.mailbox}, {{imap::Uid{key.uid}, fetch}});
  return fetch;
}

AccountStatus::Bodies Bodies::counts() const {
  return counts_.with([](const auto& counts) { return counts; });
}

void Bodies::settle(cache::MailboxId mailbox, const BodyBatch::Settled& settled) {
  counts_.with([&settled](auto& counts) {
    ++counts.messages;
    counts.bytes += settled.size;
  });
  const MessageKey key{mailbox.value, settled.uid.value};
  // Before the fetch is over for those who look for it.
  if (settled.cached && !settled.listed) changes_.keep(key, {settled.body, settled.size});
  fetches_.with([&](Fetches& fetches) {
    if (settled.has_grown) fetches.grown.insert(key);
    const auto running = fetches.running.find(key);
    if (running == fetches.running.end() || running->second != settled.fetch) return;
    if (settled.cached) {
      fetches.running.erase(running);
      return;
    }
    fetches.kept.emplace_back(key, settled);
    fetches.kept_bytes += settled.size;
    while (fetches.kept_bytes > kMostKept && fetches.kept.size() > 1) {
      const auto& [oldest, dropped] = fetches.kept.front();
      fetches.running.erase(oldest);
      fetches.kept_bytes -= dropped.size;
      // Chunks that the cache did take are of no use without the others.
      backing_.cache.submit([body = dropped.body](cache::Edit& edit) { edit.erase_body(body); });
      fetches.kept.pop_front();
    }
  });
  if (settled.cached) hand_ahead(mailbox, settled.uid);
}

}  // namespace fs
