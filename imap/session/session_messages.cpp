// Messages of the open mailbox: which there are, what a listing shows, whole bodies.

#include "imap/base/errors.h"
#include "imap/session/session.h"

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

/// Bare atoms in upper case: mailo.com accepts nothing else as names of header fields. ENVELOPE is
/// not asked for: most parser-killing server bugs live there.
constexpr std::string_view kSummaryItems =
    "(UID FLAGS INTERNALDATE RFC822.SIZE "
    "BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)])";

/// Lets through what was asked for. Any message may arrive at any time, and a row that contradicts
/// itself belongs to none.
class AskedBodies final : public BodySink {
 public:
  AskedBodies(const UidSet& asked, BodySink& sink) : asked_(asked), sink_(sink) {}

  void begin(std::optional<Uid> uid, std::uint64_t size) override {
    announced_ = uid;
    wanted_ = !uid || asked_.contains(*uid);
    if (wanted_) sink_.begin(uid, size);
  }
  void data(std::span<const std::byte> piece) override {
    if (wanted_) sink_.data(piece);
  }
  void end(std::optional<Uid> uid) override {
    if (!std::exchange(wanted_, false)) return;
    const bool certain = uid && asked_.contains(*uid) && (!announced_ || announced_ == uid);
    sink_.end(certain ? uid : std::nullopt);
  }

 private:
  const UidSet& asked_;
  BodySink& sink_;
  std::optional<Uid> announced_;
  bool wanted_ = false;
};

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
    std::unordered_map<Uid, std::size_t> places;  // in rows
  };
  std::deque<InFlight> in_flight;
  auto next = chunks.begin();
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
      in_flight.push_back(
          {send(Command("UID FETCH").uids(uids).raw(kSummaryItems)), &uids, {}, {}});
    }
    if (in_flight.empty()) break;
    const auto tag = in_flight.front().tag;
    try {
      finish(tag, "UID FETCH", collect);
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

void Session::fetch_bodies(const UidSet& uids, BodySink& sink) {
  const auto tag = send(Command("UID FETCH").uids(uids).raw("(UID BODY.PEEK[])"));
  AskedBodies asked(uids, sink);
  const auto collect = [&asked](Response& response) {
    // A body that came as a quoted string, an atom or an empty literal was not streamed.
    auto* row = std::get_if<FetchRow>(&response);
    if (row == nullptr || !row->uid) return;
    for (const auto& body : row->sections) {
      if (!body.text || !body.section.empty() || body.origin.value_or(0) != 0) continue;
      asked.begin(row->uid, body.text->size());
      asked.data(std::as_bytes(std::span(*body.text)));
      asked.end(row->uid);
    }
  };
  finish(tag, "UID FETCH", collect, &asked);
}

}  // namespace imap
