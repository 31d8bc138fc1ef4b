// What a listing shows of the messages of the open mailbox.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <deque>
#include <exception>
#include <unordered_map>
#include <utility>

namespace imap {
namespace {

/// Commands that are sent ahead of the answers: enough to fill the line, few enough that another
/// job does not wait long for the connection.
constexpr std::size_t kDepth = 4;

}  // namespace

/// ENVELOPE is not asked for: most parser-killing server bugs live there. Names of header fields
/// are bare atoms in upper case: mailo.com accepts nothing else.
std::string Session::summary_items() const {
  std::string items = "(UID FLAGS INTERNALDATE RFC822.SIZE";
  if (selected() && selected()->highest_modseq.value != 0) items += " MODSEQ";
  if (capabilities_.has("OBJECTID")) items += " EMAILID";
  if (capabilities_.has("X-GM-EXT-1")) items += " X-GM-MSGID X-GM-THRID X-GM-LABELS";
  return items + " BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)])";
}

void Session::fetch_summaries(const std::vector<UidSet>& chunks, const OnChunk& on_chunk) {
  struct InFlight {
    std::string tag;
    const UidSet* uids;
    std::vector<MessageSummary> rows;
    std::unordered_map<Uid, std::size_t> places;  // in rows
  };
  std::deque<InFlight> in_flight;
  auto next = chunks.begin();
  const auto items = summary_items();
  bool wanted = true;
  std::exception_ptr refused;

  const auto collect = [&in_flight](Response& response) {
    auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr || !row->uid || row->sections.empty()) return;
    for (auto& chunk : in_flight) {
      if (!chunk.uids->contains(*row->uid)) continue;
      MessageSummary summary;
      summary.uid = *row->uid;
      summary.flags = row->flags.value_or(Flags{});
      summary.size = row->size;
      summary.internal_date = std::move(row->internal_date);
      summary.modseq = row->modseq.value_or(ModSeq{});
      summary.email_id = std::move(row->email_id);
      summary.gmail_message = row->gmail_message;
      summary.gmail_thread = row->gmail_thread;
      summary.gmail_labels = std::move(row->gmail_labels);
      summary.header = std::move(row->sections.front().text).value_or("");
      const auto [place, is_new] = chunk.places.emplace(summary.uid, chunk.rows.size());
      if (is_new) {
        chunk.rows.push_back(std::move(summary));
      } else {
        chunk.rows[place->second] = std::move(summary);
      }
      return;
    }
  };

  while (next != chunks.end() || !in_flight.empty()) {
    while (wanted && next != chunks.end() && in_flight.size() < kDepth) {
      const auto& uids = *next++;
      in_flight.push_back({send(Command("UID FETCH").uids(uids).raw(items)), &uids, {}, {}});
    }
    if (in_flight.empty()) break;
    const auto tag = in_flight.front().tag;
    try {
      auto left = left_by_limit(finish(tag, "UID FETCH", collect), *in_flight.front().uids);
      while (!left.empty()) {
        const auto again = send(Command("UID FETCH").uids(left).raw(items));
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
    auto rows = std::move(in_flight.front().rows);
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
