#include "fs/mail/body_fetch.h"

#include "cache/view.h"
#include "imap/base/errors.h"

#include <algorithm>

namespace fs {
namespace {

/// Chunks that may wait for the cache's writer before the connection waits for it, too.
constexpr std::size_t kMostInMemory = std::size_t{16} << 20;

}  // namespace

BodyData::BodyData(cache::BodyId id, std::uint64_t size, OnChunk on_chunk)
    : id_(id), size_(size), on_chunk_(std::move(on_chunk)) {}

void BodyData::append(std::span<const std::byte> piece) {
  std::unique_lock lock(mutex_);
  while (!piece.empty()) {
    const auto room = static_cast<std::size_t>(cache::kChunkSize) - filling_.size();
    const auto part = piece.first(std::min(piece.size(), room));
    filling_.insert(filling_.end(), part.begin(), part.end());
    received_ += part.size();
    piece = piece.subspan(part.size());
    if (filling_.size() == cache::kChunkSize && received_ < size_) hand_out(lock);
  }
}

void BodyData::complete() {
  std::unique_lock lock(mutex_);
  if (!filling_.empty()) hand_out(lock);
}

void BodyData::hand_out(std::unique_lock<std::mutex>& lock) {
  stored_.wait(lock, [this] { return kept_ || in_memory_ < kMostInMemory; });
  auto chunk = std::make_shared<const std::vector<std::byte>>(std::exchange(filling_, {}));
  in_memory_ += chunk->size();
  chunks_.push_back(chunk);
  const auto index = static_cast<std::uint32_t>(chunks_.size() - 1);
  lock.unlock();
  on_chunk_(index, chunk);
  lock.lock();
}

void BodyData::stored(std::uint32_t index) {
  {
    const std::lock_guard lock(mutex_);
    // Once one chunk could not be stored the cache holds no whole body: all stay that are here.
    if (kept_ || !chunks_[index]) return;
    in_memory_ -= chunks_[index]->size();
    chunks_[index].reset();
  }
  stored_.notify_one();
}

void BodyData::keep_in_memory() {
  {
    const std::lock_guard lock(mutex_);
    kept_ = true;
  }
  stored_.notify_one();
}

std::uint64_t BodyData::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

bool BodyData::is_kept_in_memory() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

BodyData::Chunk BodyData::chunk(std::uint32_t index) const {
  const std::lock_guard lock(mutex_);
  if (index < chunks_.size()) return chunks_[index];
  return std::make_shared<const std::vector<std::byte>>(filling_);
}

void BodyFetch::begin(std::shared_ptr<BodyData> data) {
  {
    const std::lock_guard lock(mutex_);
    data_ = std::move(data);
  }
  changed_.notify_all();
}

void BodyFetch::lose() {
  const std::lock_guard lock(mutex_);
  data_.reset();
}

void BodyFetch::arrived() {
  // The lock orders this after the check of whoever is about to wait.
  { const std::lock_guard lock(mutex_); }
  changed_.notify_all();
}

void BodyFetch::finish(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    error_ = std::move(error);
  }
  changed_.notify_all();
}

bool BodyFetch::is_finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

std::optional<std::uint64_t> BodyFetch::size() const {
  const std::lock_guard lock(mutex_);
  return data_ ? std::optional(data_->size()) : std::nullopt;
}

bool BodyFetch::has(std::uint64_t end) const {
  return data_ && data_->received() >= std::min(end, data_->size());
}

std::shared_ptr<BodyData> BodyFetch::wait_for(std::uint64_t end, const Patience& patience,
                                              Interrupt& interrupt) {
  std::unique_lock lock(mutex_);
  // To ask for the token says that there will be a wait.
  if (has(end)) return data_;
  const auto stop = interrupt.token();
  while (!has(end) && !finished_) {
    if (stop.stop_requested()) throw imap::CancelledError("interrupted");
    const auto deadline = patience.deadline();
    if (deadline.expired()) {
      throw imap::TimeoutError("the server did not send the message in time");
    }
    changed_.wait_until(lock, stop, deadline.at(), [&] { return has(end) || finished_; });
  }
  if (has(end)) return data_;
  if (error_) std::rethrow_exception(error_);
  return data_;
}

}  // namespace fs
