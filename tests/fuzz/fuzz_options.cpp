// Whatever the arguments are, one a line: they are understood, or refused in one line that a
// terminal can show.
#include "fs/cli/options.h"
#include "fs/cli/safe_text.h"
#include "imap/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> arguments;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    // An argument of a program ends at its first NUL.
    arguments.emplace_back(line.substr(0, line.find('\0')));
    rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
  }
  try {
    const auto command = fs::parse_command_line(arguments);
    if (const auto* mount = std::get_if<fs::MountOptions>(&command)) {
      if (mount->source.host.empty() || !mount->mountpoint.is_absolute()) std::abort();
    }
  } catch (const fs::UsageError& error) {
    // As the program prints it.
    const auto message = fs::safe_text(error.what());
    const bool shows = std::ranges::none_of(message, [](char octet) {
      return static_cast<unsigned char>(octet) < ' ' || octet == 0x7F;
    });
    if (message.empty() || !shows || !imap::is_utf8(message)) std::abort();
    if (fs::safe_text(message) != message) std::abort();
  }
  return 0;
}
