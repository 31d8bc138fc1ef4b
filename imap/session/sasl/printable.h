#pragma once
/// A stranger's text for a message to people. Any thread.

#include <string>
#include <string_view>

namespace imap {

/// The beginning of `text`, at most 200 octets, with a `?` for all that is not printable ASCII.
inline std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 200));
  for (auto& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

}  // namespace imap
