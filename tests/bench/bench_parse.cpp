// How fast FETCH responses are read: framed, parsed, and turned into values, as they come from the
// network in pieces of 64 KiB. The yardstick is memchr looking for the line ends of the same
// octets. Prints one line of JSON.
#include "imap/wire/framer.h"
#include "imap/wire/parse_response.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::uint32_t kRows = 40'000;
constexpr int kRuns = 9;

/// The rows of a listing, as Dovecot sends them.
std::string listing() {
  std::string octets;
  for (std::uint32_t uid = 1; uid <= kRows; ++uid) {
    const auto header = fmt::format(
        "Date: Mon, 7 Oct 2024 09:{:02}:00 +0200\r\nFrom: =?utf-8?q?J=C3=BCrgen?= Meier "
        "<j.meier{}@example.org>\r\nSubject: Minutes of the meeting, part {} of the series\r\n\r\n",
        uid % 60, uid % 97, uid);
    octets += fmt::format(
        "* {} FETCH (UID {} FLAGS (\\Seen $Forwarded) INTERNALDATE \"07-Oct-2024 09:{:02}:05 "
        "+0200\" RFC822.SIZE {} BODY[HEADER.FIELDS (DATE FROM SUBJECT)] {{{}}}\r\n{})\r\n",
        uid, uid, uid % 60, 3000 + uid, header.size(), header);
  }
  return octets;
}

std::uint64_t parse(std::string_view octets) {
  const imap::Limits limits;
  imap::Framer framer(limits);
  std::uint64_t uids = 0;
  while (!octets.empty()) {
    auto input = std::as_bytes(std::span(octets.substr(0, kPiece)));
    octets.remove_prefix(input.size());
    while (true) {
      const auto step = framer.step(input);
      input = input.subspan(step.used);
      if (step.event == imap::Framer::Event::need_input && input.empty()) break;
      if (step.event != imap::Framer::Event::response) continue;
      const auto response = imap::parse_response(framer.take(), limits);
      if (const auto* row = std::get_if<imap::FetchRow>(&response)) uids += row->uid->value;
    }
  }
  return uids;
}

std::uint64_t count_lines(std::string_view octets) {
  std::uint64_t lines = 0;
  const auto* end = octets.data() + octets.size();
  for (const auto* at = octets.data(); at != end; ++lines) {
    const auto* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (found == nullptr) break;
    at = static_cast<const char*>(found) + 1;
  }
  return lines;
}

}  // namespace

int main() {
  const auto octets = listing();
  std::uint64_t uids = 0;
  std::uint64_t lines = 0;
  const auto times = bench::medians(
      kRuns, [&] { uids = parse(octets); }, [&] { lines = count_lines(octets); });
  const std::uint64_t wanted = std::uint64_t{kRows} * (kRows + 1) / 2;
  if (uids != wanted || lines != std::uint64_t{kRows} * 6) return EXIT_FAILURE;
  const double megabytes = static_cast<double>(octets.size()) / 1e6;
  fmt::print("{{\"ours\": {:.1f}, \"yardstick\": {:.1f}, \"unit\": \"MB/s\", \"ratio\": {:.4f}}}\n",
             megabytes / times.ours, megabytes / times.yardstick, times.yardstick / times.ours);
}
