#include "fs/mail/heads.h"

#include <algorithm>

namespace fs {
namespace {

/// A smaller message is fetched whole as fast.
constexpr std::uint64_t kWorthIt = std::uint64_t{512} * 1024;
constexpr std::uint64_t kMostAskedFor = std::uint64_t{32} * 1024;

}  // namespace

bool Heads::may_do(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return size >= kWorthIt && length <= kMostAskedFor && offset <= kBytes - length;
}

std::pair<std::shared_ptr<BodyFetch>, bool> Heads::join(const MessageKey& key) {
  return known_.with([&key](Known& known) {
    const auto found = std::ranges::find(known, key, &Known::value_type::first);
    const bool is_new = found == known.end();
    if (is_new) {
      known.emplace_front(key, std::make_shared<BodyFetch>());
    } else {
      known.splice(known.begin(), known, found);
    }
    if (known.size() > kMost) known.pop_back();
    return std::pair(known.front().second, is_new);
  });
}

void Heads::drop(const MessageKey& key) {
  known_.with([&key](Known& known) {
    std::erase_if(known, [&key](const auto& one) { return one.first == key; });
  });
}

void HeadSink::begin(std::optional<imap::Uid> /*uid*/, std::uint64_t size) {
  data_ = std::make_shared<BodyData>(cache::BodyId{}, size,
                                     [](std::uint32_t, const BodyData::Chunk&) {});
}

void HeadSink::data(std::span<const std::byte> piece) {
  data_->append(piece);
}

void HeadSink::end(std::optional<imap::Uid> /*uid*/) {
  data_->complete();
  fetch_->begin(data_);
  fetch_->finish(nullptr);
}

}  // namespace fs
