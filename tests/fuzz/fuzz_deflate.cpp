// However compressed octets arrive, the same comes out, and never more than a thousandfold.
#include "imap/base/errors.h"
#include "imap/net/deflate_stream.h"
#include "tests/support/deflate.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;

struct Outcome {
  std::string text;
  bool refused = false;
};

Outcome outcome_of(std::string_view octets, std::size_t piece, std::size_t already) {
  Outcome outcome;
  const auto bytes = std::as_bytes(std::span(octets));
  imap::DeflateStream stream(
      std::make_unique<tests::MemoryStream>(std::string(octets.substr(already)), piece),
      bytes.first(already));
  std::vector<std::byte> into(4096);
  const auto deadline = imap::Deadline::after(std::chrono::hours(1));
  try {
    while (const auto got = stream.read(into, deadline)) {
      outcome.text.append(reinterpret_cast<const char*>(into.data()), got);
      if (outcome.text.size() > kMost) break;
    }
  } catch (const imap::ProtocolError&) {
    outcome.refused = true;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = outcome_of(octets, octets.size(), 0);
  const auto pieces = outcome_of(octets, 1 + data[0] % 16U, data[0] % size % octets.size());
  const auto common = std::min(whole.text.size(), pieces.text.size());
  // What is refused gives as much as was inflated before, which depends on the pieces.
  if (whole.text.compare(0, common, pieces.text, 0, common) != 0) std::abort();
  // Whoever stopped reading does not know what comes behind.
  if (std::max(whole.text.size(), pieces.text.size()) > kMost) return 0;
  if (whole.refused != pieces.refused) std::abort();
  if (!whole.refused && whole.text.size() != pieces.text.size()) std::abort();
  return 0;
}
