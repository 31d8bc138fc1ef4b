#include "imap/session/mailbox_names.h"

#include "imap/base/mailbox_name.h"
#include "imap/base/utf8.h"

#include <algorithm>
#include <stdexcept>

namespace imap {
namespace {

constexpr std::size_t kMostOddNames = 50'000;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string MailboxNames::from_server(std::string octets) {
  if (!utf8_) return octets;
  bool odd = !imap::is_utf8(octets);
  if (!odd && is_ascii(octets)) {
    // `A&B` is itself in UTF-8; what decodes to other characters was meant as modified UTF-7.
    const auto decoded = decode_modified_utf7(octets);
    odd = decoded && !is_ascii(*decoded);
  }
  if (odd) {
    if (as_written_.size() < kMostOddNames) as_written_.insert_or_assign(octets, octets);
    return octets;
  }
  auto name = encode_modified_utf7(octets);
  as_written_.erase(name);
  return name;
}

std::string MailboxNames::from_notification(const std::string& name) {
  const bool as_agreed = is_ascii(name) && decode_modified_utf7(name);
  return as_agreed || !imap::is_utf8(name) ? name : encode_modified_utf7(name);
}

void MailboxNames::add_to(Command& command, std::string_view name) const {
  using namespace std::string_view_literals;
  if (name.find_first_of("\r\n\0"sv) != std::string_view::npos) {
    throw std::invalid_argument("a mailbox name must not hold line breaks or NUL");
  }
  if (!utf8_) {
    command.string(name);
  } else if (const auto odd = as_written_.find(std::string(name)); odd != as_written_.end()) {
    command.string(odd->second);
  } else if (const auto text = decode_modified_utf7(name)) {
    command.utf8_string(*text);
  } else {
    command.string(name);
  }
}

}  // namespace imap
