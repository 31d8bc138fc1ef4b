// However the octets arrive, the responses are the same: in one piece and in two halves, with
// literals kept and streamed. Nothing is read beyond the limits.
#include "imap/base/errors.h"
#include "tests/support/frames.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

/// What came of it; `refused` when the framer gave up, and then how far it got does not count.
struct Outcome {
  tests::Framed framed;
  bool refused = false;
};

template <class Feed>
Outcome outcome_of(const Feed& feed) {
  try {
    return {feed(), false};
  } catch (const imap::ProtocolError&) {
    return {{}, true};
  } catch (const imap::LimitError&) {
    return {{}, true};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t cut = data[0] % size;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  imap::Limits limits;
  limits.line = 200;
  limits.long_line = 400;
  limits.literal = 100;
  limits.response = 500;
  limits.body = 300;
  limits.list_items = 10;
  for (const auto literals : {tests::Literals::keep, tests::Literals::stream}) {
    const auto whole =
        outcome_of([&] { return tests::frame_all(octets, octets.size(), literals, limits); });
    const auto halves =
        outcome_of([&] { return tests::frame_halves(octets, cut, literals, limits); });
    if (whole.refused != halves.refused) std::abort();
    if (!tests::same(whole.framed.frames, halves.framed.frames)) std::abort();
    if (whole.framed.streamed != halves.framed.streamed) std::abort();
    for (const auto& frame : whole.framed.frames) {
      if (frame.text.size() > limits.response) std::abort();
    }
  }
  return 0;
}
