// Bodies of messages: whole, ranges, parts. Nothing is marked as read.

#include "imap/base/errors.h"
#include "imap/session/asked_bodies.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

namespace imap {

void Session::fetch_bodies(const UidSet& uids, BodySink& sink) {
  AskedBodies asked(uids, {}, sink);
  for (auto batch : uid_batches(uids, most_uids())) {
    while (!batch.empty()) {
      batch = left_by_limit(fetch_asked(batch, "(UID BODY.PEEK[])", asked), batch);
    }
  }
}

Status Session::fetch_asked(const UidSet& uids, std::string_view items, AskedBodies& asked) {
  const auto tag = send(Command("UID FETCH").uids(uids).raw(items));
  const auto collect = [&asked](Response& response) {
    if (const auto* row = std::get_if<FetchRow>(&response)) asked.take(*row);
  };
  return finish(tag, "UID FETCH", collect, &asked);
}

bool Session::fetch_range(Uid uid, std::uint64_t offset, std::uint32_t count, BodySink& sink) {
  if (!partial_works_ || count == 0) return false;
  const UidSet one(uid);
  AskedBodies asked(one, {"", offset, count}, sink);
  try {
    fetch_asked(one, fmt::format("(UID BODY.PEEK[]<{}.{}>)", offset, count), asked);
  } catch (const CommandError& error) {
    if (error.status() == CommandError::Status::no) throw;
    partial_works_ = false;
  }
  if (asked.exceeded()) partial_works_ = false;
  return partial_works_;
}

PartForm Session::fetch_part(Uid uid, const std::string& section, BodySink& sink) {
  const bool numbers =
      !section.empty() && section.find_first_not_of("0123456789.") == std::string::npos;
  if (!numbers) throw std::invalid_argument("a part of a message is named by numbers and dots");
  const UidSet one(uid);
  AskedBodies asked(one, {section}, sink);
  if (capabilities_.has("BINARY")) {
    try {
      fetch_asked(one, fmt::format("(UID BINARY.PEEK[{}])", section), asked);
      return PartForm::decoded;
    } catch (const CommandError& error) {
      // The server knows the encoding not at all (RFC 3516 section 4.3), or BINARY not really.
      if (error.status() == CommandError::Status::no && error.code() != "UNKNOWN-CTE") throw;
    }
  }
  fetch_asked(one, fmt::format("(UID BODY.PEEK[{}])", section), asked);
  return PartForm::encoded;
}

}  // namespace imap
