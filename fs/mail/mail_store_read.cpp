// Bodies: from the cache, or from the server through the cache.

#include "cache/view.h"
#include "fs/mail/errors.h"
#include "fs/mail/mail_store.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace fs {
namespace {

/// Bodies that the cache did not take and that are kept in memory instead: a reader comes back for
/// every 128 KiB, and must not cause a download each time.
constexpr std::uint64_t kMostKept = std::uint64_t{64} << 20;

}  // namespace

void MailStore::read(cache::MailboxId mailbox, imap::Uid uid, std::uint64_t offset,
                     std::uint64_t length, Interrupt& interrupt,
                     const std::function<void(const Piece&)>& consume) {
  const Key key{mailbox.value, uid.value};
  // What was found complete can be evicted a moment later; a second such accident is one too many.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::uint64_t size_hint = 0;
    // A body that the first look missed and that is no longer arriving may have come in between.
    if (read_cached(key, offset, length, consume, size_hint) ||
        (!is_arriving(key) && read_cached(key, offset, length, consume, size_hint))) {
      if (offset == 0) note_read(key, true);
      return;
    }
    const auto fetch = join_fetch(key);
    if (offset == 0 && attempt == 0) note_read(key, false);
    const auto data = fetch->wait_for(offset + length, patience(), interrupt);
    const bool has_grown = data->size() > size_hint;
    if (read_arriving(*data, offset, length, has_grown, consume)) return;
  }
  throw UnfetchableError(fmt::format("message {} left the cache while it was read", uid.value));
}

std::uint64_t MailStore::learn_size(cache::MailboxId mailbox, imap::Uid uid, Interrupt& interrupt) {
  try {
    return join_fetch({mailbox.value, uid.value})->wait_for(0, patience(), interrupt)->size();
  } catch (const imap::CancelledError&) {
    throw;
  } catch (const std::exception&) {
    // Whoever reads it hears why it cannot be had.
    return 0;
  }
}

bool MailStore::read_cached(const Key& key, std::uint64_t offset, std::uint64_t length,
                            const std::function<void(const Piece&)>& consume,
                            std::uint64_t& size_hint) const {
  const bool has_grown =
      fetches_.with([&key](const Fetches& fetches) { return fetches.grown.contains(key); });
  return cache_.read([&](const cache::View& view) {
    const auto row = view.message({key.mailbox}, key.uid);
    if (!row) throw StaleError(fmt::format("message {} is gone", key.uid));
    size_hint = row->size;
    if (row->body.value == 0 || !view.body_size(row->body)) return false;
    std::vector<std::span<const std::byte>> pieces;
    const bool whole = view.body(row->body, offset, length,
                                 [&pieces](cache::Bytes bytes) { pieces.push_back(bytes); });
    if (!whole) return false;
    cache_.touch(row->body);
    consume({pieces, has_grown});
    return true;
  });
}

bool MailStore::read_arriving(const BodyData& data, std::uint64_t offset, std::uint64_t length,
                              bool has_grown,
                              const std::function<void(const Piece&)>& consume) const {
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
      const bool found = cache_.read([&](const cache::View& view) {
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

bool MailStore::is_arriving(const Key& key) const {
  return fetches_.with([&key](const Fetches& fetches) { return fetches.running.contains(key); });
}

std::shared_ptr<BodyFetch> MailStore::join_fetch(const Key& key) {
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

void MailStore::start_fetch(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted) {
  try {
    const auto name = wire_name(mailbox);
    const auto row =
        cache_.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
    if (!row) throw StaleError(fmt::format("folder {} is gone", mailbox.value));
    pool_
        .run({name, imap::Lane::bulk},
             [this, mailbox, validity = row->uid_validity, name, wanted](imap::Session& session) {
               fetch(session, mailbox, validity, name, wanted);
             })
        .on_done([this, mailbox, wanted](const std::exception_ptr& error) {
          if (error) give_up(mailbox, wanted, error);
        });
  } catch (const std::exception&) {
    give_up(mailbox, wanted, std::current_exception());
  }
}

void MailStore::give_up(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted,
                        const std::exception_ptr& error) {
  fetches_.with([&](Fetches& fetches) {
    for (const auto& [uid, fetch] : wanted) {
      const auto running = fetches.running.find({mailbox.value, uid.value});
      // One that has ended well is settled by the cache's writer.
      if (running != fetches.running.end() && running->second == fetch && !fetch->is_finished()) {
        fetches.running.erase(running);
      }
    }
  });
  for (const auto& [uid, fetch] : wanted) fetch->finish(error);
}

void MailStore::fetch(imap::Session& session, cache::MailboxId mailbox, std::uint64_t uid_validity,
                      const std::string& name, const BodyBatch::Wanted& wanted) {
  const auto is_same = [&](imap::Session::Refresh refresh) {
    return session.examine(name, refresh).uid_validity.value == uid_validity;
  };
  // It may be this connection that opened the mailbox before its UIDVALIDITY changed.
  if (!is_same(imap::Session::Refresh::no) && !is_same(imap::Session::Refresh::yes)) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", name));
  }
  // Repeated after a lost connection, only the rest is fetched.
  auto rest = wanted;
  std::erase_if(rest, [](const auto& one) { return one.second->is_finished(); });
  if (rest.empty()) return;
  BodyBatch batch(cache_, mailbox, rest,
                  [this, mailbox](const BodyBatch::Settled& settled) { settle(mailbox, settled); });
  bool refused = false;
  try {
    session.fetch_bodies(batch.missing(), batch);
  } catch (const imap::CommandError&) {
    // The others are fetched without the one that the server does not want to give.
    if (rest.size() == 1) throw;
    refused = true;
  }
  if (batch.missing().empty()) return;
  // This session may not have heard yet of a message that another one has listed.
  session.noop();
  if (refused) {
    fetch_singly(session, mailbox, rest, batch);
  } else {
    session.fetch_bodies(batch.missing(), batch);
  }
  report_missing(session, mailbox, rest, batch.missing());
}

void MailStore::fetch_singly(imap::Session& session, cache::MailboxId mailbox,
                             const BodyBatch::Wanted& wanted, BodyBatch& batch) {
  for (const auto& [uid, fetch] : wanted) {
    if (fetch->is_finished()) continue;
    try {
      session.fetch_bodies(imap::UidSet(uid), batch);
    } catch (const imap::CommandError&) {
      give_up(mailbox, {{uid, fetch}}, std::current_exception());
    }
  }
}

void MailStore::report_missing(imap::Session& session, cache::MailboxId mailbox,
                               const BodyBatch::Wanted& wanted, const imap::UidSet& missing) {
  if (missing.empty()) return;
  const auto there = session.search(missing);
  for (const auto& [uid, fetch] : wanted) {
    if (!missing.contains(uid) || fetch->is_finished()) continue;
    if (there.contains(uid)) {
      give_up(mailbox, {{uid, fetch}},
              std::make_exception_ptr(UnfetchableError(
                  fmt::format("the server does not hand out message {}", uid.value))));
    } else {
      cache_.submit(
          [mailbox, gone = uid.value](cache::Edit& edit) { edit.erase_message(mailbox, gone); });
      give_up(mailbox, {{uid, fetch}},
              std::make_exception_ptr(StaleError(fmt::format("message {} is gone", uid.value))));
    }
  }
}

void MailStore::settle(cache::MailboxId mailbox, const BodyBatch::Settled& settled) {
  const Key key{mailbox.value, settled.uid.value};
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
      cache_.submit([body = dropped.body](cache::Edit& edit) { edit.erase_body(body); });
      fetches.kept.pop_front();
    }
  });
}

}  // namespace fs
