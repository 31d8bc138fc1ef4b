#include "imap/base/trace.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <string>

namespace imap {

Trace::Trace(std::FILE* file)
    : on_(file != nullptr), file_(std::unique_ptr<std::FILE, Close>(file)) {}

void Trace::line(unsigned connection, char direction, std::string_view redacted) const {
  if (!on_) return;
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  auto text = fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} [{}] {}: ",
                          fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                          millis.count() % 1000, connection, direction);
  // What a server sends may hold anything: a trace is read in a terminal.
  for (const char c : redacted) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && byte < 0xA0)) {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  text += '\n';
  file_.with([&](const auto& file) {
    std::fwrite(text.data(), 1, text.size(), file.get());
    std::fflush(file.get());
  });
}

}  // namespace imap
