// File names hold their UID and fit; folder entries turn back into what they were made of.
#include "fs/mail/file_names.h"
#include "fs/mail/folder_names.h"
#include "imap/base/utf8.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const fs::NameTemplate by_sender("{from} {subject}.{uid}.eml", fs::DayOf::utc);
  const auto half = input.substr(0, size / 2);
  const auto uid = static_cast<std::uint32_t>(size) + 1;
  const auto name = by_sender.name({0, half, half, input.substr(size / 2), uid});
  if (fs::uid_of(name) != uid || name.size() > fs::kMaxName || name.front() == '.' ||
      name.find('/') != name.npos || imap::one_line(name) != name) {
    std::abort();
  }
  for (const auto raw : {fs::RawOctets::no, fs::RawOctets::yes}) {
    const auto entry = fs::escape_component(input, raw);
    const auto component = fs::unescape_component(entry);
    if (entry.size() > fs::kMaxName || !imap::is_utf8(entry) || fs::uid_of(entry)) std::abort();
    if (component && *component != fs::FolderComponent{std::string(input), raw}) std::abort();
    if (!component && entry.find("%~") == entry.npos) std::abort();
  }
  const auto component = fs::unescape_component(input);
  if (component && fs::escape_component(component->octets, component->is_raw) != input)
    std::abort();
  return 0;
}
