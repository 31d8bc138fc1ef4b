// What the cache has of a new message, and of the one that it replaces.

#include "cache/errors.h"
#include "fs/mail/append_attempt.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <algorithm>
#include <vector>

namespace fs {
namespace {

/// Octets of a body that one write transaction takes.
constexpr std::size_t kBodyWrite = std::size_t{16} * cache::kChunkSize;

}  // namespace

void Appender::forget_replaced(const Shared& attempt) {
  changes_.erase(attempt->mail().mailbox, imap::UidSet(*attempt->mail().replaces));
  // Whoever waits sees it gone.
  backing_.cache.run([](cache::Edit&) {});
}

/// The new message is safe: what goes wrong here leaves one too many and is no failure.
void Appender::remove_replaced(imap::Session& session, const Shared& attempt) {
  const auto old = *attempt->mail().replaces;
  const imap::UidSet uids(old);
  try {
    session.select(attempt->name(), imap::Session::Refresh::no);
    session.store(uids, imap::FlagChange::add, {imap::Flags::deleted, {}});
    if (!session.can_expunge_by_uid()) return;
    session.expunge(uids);
    if (session.search(uids).empty()) forget_replaced(attempt);
  } catch (const imap::Error&) {
    // It is listed as long as it is there, so everybody sees that it is.
  }
}

void Appender::keep(imap::Session& session, const std::vector<Kept>& some) {
  if (some.empty()) return;
  const auto mailbox = some.front().attempt->mail().mailbox;
  const auto validity = session.selected()->uid_validity.value;
  std::vector<std::optional<cache::BodyId>> bodies;
  for (const auto& [attempt, row] : some) {
    attempt->stored = MessageKey{mailbox.value, row.uid};
    // Servers change what they store; of another size it is another text (Exchange, hMailServer).
    const auto& message = *attempt->mail().message;
    const bool is_same = !attempt->is_foreseen && row.size == message.size();
    bodies.push_back(is_same ? keep_body(message) : std::nullopt);
  }
  try {
    backing_.cache.run([&](cache::Edit& edit) {
      for (std::size_t at = 0; at < some.size(); ++at) {
        put(edit, some[at], bodies[at]);
      }
      Changes::put_ahead(edit, mailbox, validity);
    });
  } catch (const cache::Error&) {
    // They are listed when the mailbox is compared the next time.
    return;
  }
  changes_.arrived(mailbox);
}

void Appender::put(cache::Edit& edit, const Kept& kept, const std::optional<cache::BodyId>& body) {
  const auto mailbox = kept.attempt->mail().mailbox;
  auto listed = kept.row;
  if (const auto known = edit.message(mailbox, kept.row.uid)) {
    // The server has described it meanwhile.
    if (kept.attempt->is_foreseen) return;
    listed.body = known->body;
  }
  if (body) {
    if (listed.body.value != 0) edit.erase_body(listed.body);
    listed.body = edit.share_body(kept.row.object_id, *body);
    listed.size_exact = true;
  }
  edit.put_message(mailbox, listed);
}

std::optional<cache::BodyId> Appender::keep_body(const NewMessage& message) const {
  const auto id = backing_.cache.new_body_id();
  const auto source = message.source();
  try {
    std::vector<std::byte> octets(kBodyWrite);
    std::uint32_t index = 0;
    while (true) {
      std::size_t have = 0;
      while (have < octets.size()) {
        const auto got = source(std::span(octets).subspan(have));
        if (got == 0) break;
        have += got;
      }
      if (have == 0) break;
      backing_.cache.run([&](cache::Edit& edit) {
        auto next = index;
        for (std::size_t at = 0; at < have; at += cache::kChunkSize) {
          const auto size = std::min<std::size_t>(cache::kChunkSize, have - at);
          edit.put_body_chunk(id, next++, std::span(octets).subspan(at, size));
        }
      });
      index += static_cast<std::uint32_t>((have + cache::kChunkSize - 1) / cache::kChunkSize);
    }
    backing_.cache.run([&](cache::Edit& edit) { edit.finish_body(id, message.size()); });
    return id;
  } catch (const cache::Error&) {
    // A full cache is no reason for anything to fail: the body is fetched when it is read.
    backing_.cache.submit([id](cache::Edit& edit) { edit.erase_body(id); });
    return std::nullopt;
  }
}

}  // namespace fs
