// Any octets can be framed, parsed and redacted, and nothing of a literal shows in a trace.
#include "imap/base/errors.h"
#include "imap/wire/redact.h"
#include "tests/support/frames.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

/// Puts octets that stand nowhere else into every literal, and looks for them.
void check_hides_literals(const imap::Frame& frame) {
  auto marked = frame;
  for (auto& c : marked.text) {
    if (c == '\x01') c = '\x02';
  }
  for (const auto& literal : marked.literals) {
    if (literal.streamed) continue;
    marked.text.replace(literal.position, literal.size, literal.size, '\x01');
  }
  if (redacted(marked).find('\x01') != std::string::npos) std::abort();
}

void check(const imap::Frame& frame, const imap::Limits& limits) {
  static_cast<void>(redacted(frame));
  check_hides_literals(frame);
  try {
    static_cast<void>(parse_response(frame, limits));
  } catch (const imap::ProtocolError&) {
    // Malformed: it is dropped.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const imap::Limits limits;
  for (const auto literals : {tests::Literals::keep, tests::Literals::stream}) {
    try {
      for (const auto& frame : tests::frame_all(octets, size, literals, limits).frames) {
        check(frame, limits);
      }
    } catch (const imap::ProtocolError&) {
    } catch (const imap::LimitError&) {
    }
  }
  return 0;
}
