#include "cache/body_edit.h"

#include "cache/checksum.h"
#include "cache/view.h"

#include <algorithm>
#include <limits>
#include <string>

namespace cache {
namespace {

std::uint64_t chunks_of(std::uint64_t size) {
  return size / kChunkSize + (size % kChunkSize != 0 ? 1 : 0);
}

std::string text_of(BodyId body) {
  return "body " + std::to_string(body.value);
}

}  // namespace

std::optional<BodyInfo> BodyEdit::info_of(BodyId body) const {
  const auto row = txn_.get(tables_.body_infos, key_of(body.value));
  if (!row) return std::nullopt;
  return decode_body_info(*row);
}

/// A damaged row is about to be removed: that it cannot be read is no reason to keep it.
std::optional<BodyInfo> BodyEdit::readable_info_of(BodyId body) const {
  try {
    return info_of(body);
  } catch (const CorruptError&) {
    return BodyInfo{};
  }
}

void BodyEdit::put_chunk(BodyId body, std::uint32_t index, Bytes chunk) {
  if (body.value == 0) throw Error("a chunk of no body");
  if (chunk.size() > kChunkSize) throw Error("a chunk of " + text_of(body) + " is too large");
  if (info_of(body)) throw Error("a chunk for " + text_of(body) + ", which is complete");
  txn_.require_room_for_bodies();
  note_progress(body, index, chunk);
  txn_.put(tables_.bodies, key_of(body.value, index), chunk);
}

/// Keeps the checksum up to date while the chunks come in order, as they do from a server: then
/// nothing has to be read again at the end.
void BodyEdit::note_progress(BodyId body, std::uint32_t index, Bytes chunk) {
  const auto key = key_of(body.value);
  const auto row = txn_.get(tables_.unfinished, key);
  auto progress = row ? decode_body_progress(*row) : BodyProgress{};
  if (progress.next == index) {
    progress.checksum = checksum(progress.checksum, chunk);
    ++progress.next;
  } else {
    progress.next = BodyProgress::kUnordered;
  }
  txn_.put(tables_.unfinished, key, encode(progress).bytes());
}

void BodyEdit::finish(BodyId body, std::uint64_t size) {
  if (body.value == 0) throw Error("no body to finish");
  if (const auto info = info_of(body)) {
    if (info->size == size) return;
    throw Error(text_of(body) + " was finished with another size");
  }
  require_chunks(body, size);
  const BodyInfo info{.size = size,
                      .used = usage_.take(),
                      .day = usage_.today(),
                      .checksum = checksum_of(body, size),
                      .object_id = {}};
  txn_.put(tables_.body_infos, key_of(body.value), encode(info).bytes());
  txn_.put(tables_.usage, key_of(info.used, body.value), {});
  txn_.erase(tables_.unfinished, key_of(body.value));
  put_meta_number(txn_, tables_, Meta::body_bytes, total_bytes() + size);
}

/// To be called while the body still counts as unfinished.
std::uint32_t BodyEdit::checksum_of(BodyId body, std::uint64_t size) const {
  const auto chunks = chunks_of(size);
  if (const auto row = txn_.get(tables_.unfinished, key_of(body.value))) {
    const auto progress = decode_body_progress(*row);
    // An empty chunk may have come behind the last one.
    if (progress.next == chunks || progress.next == chunks + 1) return progress.checksum;
  }
  std::uint32_t sum = 0;
  for (std::uint64_t index = 0; index < chunks; ++index) {
    const auto key = key_of(body.value, static_cast<std::uint32_t>(index));
    sum = checksum(sum, txn_.get(tables_.bodies, key).value_or(Bytes{}));
  }
  return sum;
}

/// Readers of a complete body rely on every chunk being there, full except for the last.
void BodyEdit::require_chunks(BodyId body, std::uint64_t size) {
  const auto chunks = chunks_of(size);
  if (chunks >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(text_of(body) + " is too large");
  }
  for (std::uint64_t index = 0; index < chunks; ++index) {
    const auto chunk =
        txn_.get(tables_.bodies, key_of(body.value, static_cast<std::uint32_t>(index)));
    const auto expected = std::min(kChunkSize, size - index * kChunkSize);
    if (!chunk || chunk->size() != expected) {
      throw Error(text_of(body) + " of " + std::to_string(size) + " octets has a chunk " +
                  std::to_string(index) + " of " + (chunk ? std::to_string(chunk->size()) : "no") +
                  " octets");
    }
  }
  // A stream whose size is a multiple of the chunk size may end in an empty chunk.
  const auto behind = key_of(body.value, static_cast<std::uint32_t>(chunks));
  const auto extra = txn_.get(tables_.bodies, behind);
  if (!extra) return;
  if (!extra->empty()) throw Error(text_of(body) + " has more chunks than its size allows");
  txn_.erase(tables_.bodies, behind);
}

BodyId BodyEdit::share(const std::string& object_id, BodyId body) {
  auto info = info_of(body);
  if (!info || !is_object_id(object_id)) return body;
  const auto key = bytes_of(object_id);
  if (const auto known = txn_.get(tables_.objects, key)) {
    const BodyId first{number_at<std::uint64_t>(*known)};
    const auto other = first == body ? std::nullopt : info_of(first);
    if (other && other->size == info->size && other->checksum == info->checksum) {
      erase(body);
      return first;
    }
    if (first == body || other) return body;  // else an id that does not name one message
  }
  info->object_id = object_id;
  txn_.put(tables_.objects, key, key_of(body.value));
  txn_.put(tables_.body_infos, key_of(body.value), encode(*info).bytes());
  return body;
}

void BodyEdit::erase(BodyId body) {
  erase_chunks(body);
  const auto key = key_of(body.value);
  txn_.erase(tables_.unfinished, key);
  const auto info = readable_info_of(body);
  if (!info) return;
  const auto total = total_bytes();
  put_meta_number(txn_, tables_, Meta::body_bytes, total - std::min(total, info->size));
  txn_.erase(tables_.usage, key_of(info->used, body.value));
  if (!info->object_id.empty()) txn_.erase(tables_.objects, bytes_of(info->object_id));
  txn_.erase(tables_.body_infos, key);
}

void BodyEdit::erase_chunks(BodyId body) {
  Cursor cursor(txn_, tables_.bodies);
  auto entry = cursor.at_or_after(key_of(body.value, std::uint32_t{0}));
  while (entry && number_at<std::uint64_t>(entry->key) == body.value) {
    cursor.erase(txn_);
    entry = cursor.next();
  }
}

void BodyEdit::touch(BodyId body) {
  auto info = info_of(body);
  if (!info) return;
  txn_.erase(tables_.usage, key_of(info->used, body.value));
  info->used = usage_.take();
  info->day = std::max(info->day, usage_.today());
  txn_.put(tables_.usage, key_of(info->used, body.value), {});
  txn_.put(tables_.body_infos, key_of(body.value), encode(*info).bytes());
}

std::optional<BodyEdit::Oldest> BodyEdit::oldest() const {
  const auto entry = Cursor(txn_, tables_.usage).first();
  if (!entry) return std::nullopt;
  const auto used = number_at<std::uint64_t>(entry->key);
  return Oldest{used, {number_at<std::uint64_t>(entry->key, sizeof used)}};
}

void BodyEdit::erase_entry(const Oldest& entry) {
  erase(entry.body);
  // `erase` did this already, unless the body was not there: then it would be found for ever.
  txn_.erase(tables_.usage, key_of(entry.used, entry.body.value));
}

std::optional<std::uint64_t> BodyEdit::erase_least_recently_used(std::uint64_t before) {
  const auto entry = oldest();
  if (!entry || entry->used >= before) return std::nullopt;
  const auto total = total_bytes();
  erase_entry(*entry);
  return total - total_bytes();
}

bool BodyEdit::erase_if_unused_for(std::uint32_t days) {
  const auto entry = oldest();
  if (!entry) return false;
  auto info = readable_info_of(entry->body);
  const auto now = usage_.today();
  if (info && info->day > now) {
    // The clock was set back: its age counts from now on.
    info->day = now;
    txn_.put(tables_.body_infos, key_of(entry->body.value), encode(*info).bytes());
  }
  if (info && now - info->day <= days) return false;
  erase_entry(*entry);
  return true;
}

std::uint64_t BodyEdit::total_bytes() const {
  return meta_number(txn_, tables_, Meta::body_bytes);
}

void BodyEdit::erase_unfinished() {
  for (;;) {
    const auto next = Cursor(txn_, tables_.unfinished).first();
    if (!next) return;
    erase(BodyId{number_at<std::uint64_t>(next->key)});
  }
}

}  // namespace cache
