#include "fs/mail/body_batch.h"

#include "cache/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

namespace fs {

BodyBatch::BodyBatch(cache::Store& store, cache::MailboxId mailbox, Wanted wanted,
                     OnSettled on_settled)
    : store_(store),
      mailbox_(mailbox),
      wanted_(std::move(wanted)),
      on_settled_(std::move(on_settled)) {}

BodyBatch::~BodyBatch() {
  drop(current_);
}

/// Chunks that the cache has are of no use to anybody.
void BodyBatch::drop(const std::shared_ptr<BodyData>& data) {
  if (!data) return;
  // Readers that come while the job is repeated wait for its second attempt.
  if (current_uid_ && wanted_.contains(*current_uid_)) wanted_.at(*current_uid_)->lose();
  store_.submit([id = data->id()](cache::Edit& edit) { edit.erase_body(id); });
}

void BodyBatch::begin(std::optional<imap::Uid> uid, std::uint64_t size) {
  drop(std::exchange(current_, nullptr));
  current_uid_ = uid;
  if (uid && !wanted_.contains(*uid)) return;
  const auto id = store_.new_body_id();
  // The data must not own itself: the writer's works hold it as long as they need it.
  const auto weak = std::make_shared<std::weak_ptr<BodyData>>();
  auto& store = store_;
  current_ = std::make_shared<BodyData>(
      id, size, [&store, id, weak](std::uint32_t index, const BodyData::Chunk& chunk) {
        store.submit(
            [id, index, chunk](cache::Edit& edit) { edit.put_body_chunk(id, index, *chunk); },
            [index, data = weak->lock()](const std::exception_ptr& error) {
              if (!data) return;
              error ? data->keep_in_memory() : data->stored(index);
            });
      });
  *weak = current_;
  if (uid) wanted_.at(*uid)->begin(current_);
}

void BodyBatch::data(std::span<const std::byte> piece) {
  if (!current_) return;
  current_->append(piece);
  if (current_uid_) wanted_.at(*current_uid_)->arrived();
}

void BodyBatch::end(std::optional<imap::Uid> uid) {
  const auto data = std::exchange(current_, nullptr);
  if (!data) return;
  if (current_uid_ && uid != current_uid_) {
    drop(data);
    throw imap::ProtocolError(fmt::format("a message began as UID {} and ended as UID {}",
                                          current_uid_->value, uid ? uid->value : 0));
  }
  if (!uid || !wanted_.contains(*uid)) return drop(data);
  auto node = wanted_.extract(*uid);
  const auto fetch = std::move(node.mapped());
  if (!current_uid_) fetch->begin(data);
  data->complete();
  settle(*uid, fetch, data);
  fetch->finish(nullptr);
}

void BodyBatch::settle(imap::Uid uid, std::shared_ptr<BodyFetch> fetch,
                       const std::shared_ptr<BodyData>& data) {
  Settled settled;
  settled.uid = uid;
  settled.fetch = std::move(fetch);
  settled.body = data->id();
  settled.size = data->size();
  const auto grown = std::make_shared<bool>(false);
  const auto listed = std::make_shared<bool>(false);
  store_.submit(
      [mailbox = mailbox_, uid, data, grown, listed](cache::Edit& edit) {
        if (data->is_kept_in_memory()) throw cache::FullError("a part could not be stored");
        edit.finish_body(data->id(), data->size());
        auto row = edit.message(mailbox, uid.value);
        *listed = row.has_value();
        if (!row) return;  // expunged meanwhile
        *grown = data->size() > row->size;
        if (row->body.value != 0) edit.erase_body(row->body);
        row->body = edit.share_body(row->object_id, data->id());
        row->size = data->size();
        row->size_exact = true;
        edit.put_message(mailbox, *row);
      },
      [settled, grown, listed, data,
       on_settled = on_settled_](const std::exception_ptr& error) mutable {
        if (error) data->keep_in_memory();
        settled.cached = !error;
        settled.has_grown = *grown;
        settled.listed = *listed;
        on_settled(settled);
      });
}

imap::UidSet BodyBatch::missing() const {
  imap::UidSet uids;
  for (const auto& [uid, fetch] : wanted_) uids.add(uid);
  return uids;
}

}  // namespace fs
