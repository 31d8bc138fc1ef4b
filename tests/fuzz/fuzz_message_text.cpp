// What is sent of any file is the same whatever the pieces in which it was read, has no lone LF,
// ends in CRLF, and would be sent unchanged the next time; its header is looked at without an
// accident.
#include "fs/mail/message_text.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string sent(std::string_view file, std::size_t piece) {
  fs::MessageText text;
  std::string out;
  for (; !file.empty(); file.remove_prefix(std::min(piece, file.size()))) {
    text.add(file.substr(0, piece), out);
  }
  text.finish(out);
  return out;
}

/// The size of a message; nothing when it is none.
std::uint64_t scan(std::string_view text, std::size_t piece) {
  fs::MessageScanner scanner;
  try {
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
      scanner.add(text.substr(0, piece));
    }
    scanner.finish();
  } catch (const fs::NotAMessageError&) {
    return 0;
  }
  return scanner.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} + data[0];
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto text = sent(file, file.size() + 1);
  if (text != sent(file, piece)) std::abort();
  if (!text.empty() && !text.ends_with("\r\n")) std::abort();
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') std::abort();
  }
  const auto measured = scan(text, text.size() + 1);
  if (measured != scan(text, piece)) std::abort();
  if (measured != 0) {
    if (measured != text.size()) std::abort();
    // A message does not begin with what is left out.
    if (sent(text, piece) != text && !text.starts_with("From ")) std::abort();
  }
  return 0;
}
