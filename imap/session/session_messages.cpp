// Messages of the open mailbox: which there are, what a listing shows, whole bodies.

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <deque>

namespace imap {
namespace {

/// Commands that are sent ahead of the answers: enough to fill the line, few enough that another
/// job does not wait long for the connection.
constexpr std::size_t kDepth = 4;

/// Bare atoms in upper case: mailo.com accepts nothing else as names of header fields. ENVELOPE is
/// not asked for: most parser-killing server bugs live there.
constexpr std::string_view kSummaryItems =
    "(UID FLAGS INTERNALDATE RFC822.SIZE "
    "BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)])";

}  // namespace

UidSet Session::search_all() {
  UidSet found;
  const bool extended = capabilities_.has("ESEARCH") || capabilities_.has("IMAP4REV2");
  run(Command(extended ? "UID SEARCH RETURN (ALL) ALL" : "UID SEARCH ALL"), "UID SEARCH",
      [&found](Response& response) {
        if (const auto* result = std::get_if<SearchResult>(&response)) found.add(result->uids);
      });
  return found;
}

UidSet Session::search(const UidSet& uids) {
  UidSet found;
  run(Command("UID SEARCH UID").uids(uids), "UID SEARCH", [&found](Response& response) {
    if (const auto* result = std::get_if<SearchResult>(&response)) found.add(result->uids);
  });
  return found.intersected(uids);
}

void Session::fetch_summaries(const std::vector<UidSet>& chunks, const OnChunk& on_chunk) {
  struct InFlight {
    std::string tag;
    const UidSet* uids;
    std::vector<MessageSummary> rows;
  };
  std::deque<InFlight> in_flight;
  auto next = chunks.begin();
  bool wanted = true;

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
      summary.header = std::move(row->sections.front().text).value_or("");
      chunk.rows.push_back(std::move(summary));
      return;
    }
  };

  while (next != chunks.end() || !in_flight.empty()) {
    while (wanted && next != chunks.end() && in_flight.size() < kDepth) {
      const auto& uids = *next++;
      in_flight.push_back({send(Command("UID FETCH").uids(uids).raw(kSummaryItems)), &uids, {}});
    }
    if (in_flight.empty()) return;
    const auto tag = in_flight.front().tag;
    try {
      finish(tag, "UID FETCH", collect);
    } catch (const CommandError& error) {
      // Some rows may have come before a NO: they are kept, and the caller asks again for the rest.
      if (error.status() == CommandError::Status::bad) throw;
    }
    auto rows = std::move(in_flight.front().rows);
    in_flight.pop_front();
    if (wanted && !on_chunk(std::move(rows))) wanted = false;
  }
}

void Session::fetch_bodies(const UidSet& uids, BodySink& sink) {
  const auto tag = send(Command("UID FETCH").uids(uids).raw("(UID BODY.PEEK[])"));
  const auto collect = [&sink](Response& response) {
    // A body that came as a quoted string, an atom or an empty literal was not streamed.
    auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr || !row->uid) return;
    for (const auto& body : row->sections) {
      if (!body.text || !body.section.empty()) continue;
      sink.begin(row->uid, body.text->size());
      sink.data(std::as_bytes(std::span(*body.text)));
      sink.end(row->uid);
    }
  };
  finish(tag, "UID FETCH", collect, &sink);
}

}  // namespace imap
