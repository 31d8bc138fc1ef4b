#include "imap/session/asked_bodies.h"

#include "imap/base/ascii.h"

#include <fmt/format.h>

namespace imap {
namespace {

bool ends_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

}  // namespace

bool AskedBodies::takes(std::string_view item) {
  is_range_ = false;
  if (part_.origin) {
    // Some echo the whole `<o.n>` (imapflow 7281ce9), and some ignore the range altogether.
    is_range_ =
        ends_ignoring_case(item, fmt::format("BODY[{}]<{}>", part_.section, *part_.origin)) ||
        ends_ignoring_case(
            item, fmt::format("BODY[{}]<{}.{}>", part_.section, *part_.origin, part_.most));
    if (is_range_) return true;
  }
  if (part_.section.empty()) return BodySink::takes(item);
  return ends_ignoring_case(item, fmt::format("BODY[{}]", part_.section)) ||
         ends_ignoring_case(item, fmt::format("BINARY[{}]", part_.section));
}

void AskedBodies::begin(std::optional<Uid> uid, std::uint64_t size) {
  announced_ = uid;
  wanted_ = !uid || uids_.contains(*uid);
  if (wanted_ && part_.origin && (!is_range_ || size > part_.most)) {
    exceeded_ = true;
    wanted_ = false;
  }
  if (wanted_) sink_.begin(uid, size);
}

void AskedBodies::data(std::span<const std::byte> piece) {
  if (wanted_) sink_.data(piece);
}

void AskedBodies::end(std::optional<Uid> uid) {
  if (!std::exchange(wanted_, false)) return;
  const bool certain = uid && uids_.contains(*uid) && (!announced_ || announced_ == uid);
  sink_.end(certain ? uid : std::nullopt);
}

void AskedBodies::take(const FetchRow& row) {
  if (!row.uid) return;
  for (const auto& body : row.sections) {
    if (!body.text || !equal_ignoring_case(body.section, part_.section)) continue;
    is_range_ = part_.origin && body.origin == part_.origin;
    if (!is_range_ && !part_.origin && body.origin.value_or(0) != 0) continue;
    begin(row.uid, body.text->size());
    data(std::as_bytes(std::span(*body.text)));
    end(row.uid);
  }
}

}  // namespace imap
