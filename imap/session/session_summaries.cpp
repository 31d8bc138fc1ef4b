// What a listing shows of the messages of the open mailbox.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/summary_rows.h"
#include "imap/session/uid_batches.h"

#include <deque>
#include <exception>
#include <utility>

namespace imap {

/// ENVELOPE is not asked for: most parser-killing server bugs live there. Names of header fields
/// are bare atoms in upper case: mailo.com accepts nothing else.
std::string Session::summary_items() const {
  std::string items = "(UID FLAGS INTERNALDATE RFC822.SIZE";
  if (selected() && selected()->highest_modseq.value != 0) items += " MODSEQ";
  if (capabilities_.has("OBJECTID")) items += " EMAILID";
  if (capabilities_.has("X-GM-EXT-1")) items += " X-GM-MSGID X-GM-THRID X-GM-LABELS";
  return items + " BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)])";
}

Session::Question Session::summary_question(const UidSet& uids) {
  return {"UID FETCH", uids, [items = summary_items()](const UidSet& some) {
            return Command("UID FETCH").raw(open_ended(some)).raw(items);
          }};
}

void Session::fetch_summaries(const std::vector<UidSet>& chunks, const OnChunk& on_chunk) {
  struct InFlight {
    std::string tag;
    SummaryRows rows;
  };
  std::deque<InFlight> in_flight;
  auto next = chunks.begin();
  const auto command = summary_question({}).command;
  const auto most = connection_.settings().limits.list_items;
  bool wanted = true;
  std::exception_ptr refused;

  const auto collect = [&in_flight](Response& response) {
    auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr) return;
    for (auto& chunk : in_flight) {
      if (chunk.rows.take(*row)) return;
    }
  };

  while (next != chunks.end() || !in_flight.empty()) {
    while (wanted && next != chunks.end() && in_flight.size() < kCommandsAhead) {
      auto tag = send(command(*next));
      in_flight.push_back({std::move(tag), SummaryRows(*next++, most)});
    }
    if (in_flight.empty()) break;
    const auto tag = in_flight.front().tag;
    try {
      const auto& asked = in_flight.front().rows.uids();
      auto left = left_by_limit(finish(tag, "UID FETCH", collect), asked);
      while (!left.empty()) {
        const auto again = send(command(left));
        left = left_by_limit(finish(again, "UID FETCH", collect), left);
      }
    } catch (const CommandError& error) {
      // Some rows may have come before a NO: they are kept, and the caller asks again for the rest.
      // After BAD the answers to what was sent ahead have to be taken in first.
      if (error.status() == CommandError::Status::bad) {
        if (!refused) refused = std::current_exception();
        wanted = false;
      }
    }
    auto rows = in_flight.front().rows.release();
    in_flight.pop_front();
    try {
      if (wanted && !on_chunk(std::move(rows))) wanted = false;
    } catch (...) {
      usable_ = false;
      throw;
    }
  }
  if (refused) std::rethrow_exception(refused);
}

}  // namespace imap
