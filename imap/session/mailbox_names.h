#pragma once
/// Names of mailboxes between this program, where they are always modified UTF-7, and a server that
/// may have been told to use UTF-8 (RFC 6855, RFC 9051). Owned by one Session and used by its
/// thread only.

#include "imap/wire/command.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace imap {

class MailboxNames {
 public:
  /// From here on the server takes and sends UTF-8.
  void use_utf8() { utf8_ = true; }
  bool is_utf8() const { return utf8_; }

  /// The name as the rest of the program knows it. A server that keeps sending modified UTF-7 is
  /// understood, and its own octets go back to it.
  std::string from_server(std::string octets);
  /// The same for a STATUS that nobody asked for: Dovecot 2.3 spells that one in UTF-8, whatever
  /// was agreed on (by experiment; its LIST and the answer to STATUS are as they should be).
  static std::string from_notification(const std::string& name);
  /// Adds the name to a command. Throws std::invalid_argument for CR, LF and NUL, which no name may
  /// hold.
  void add_to(Command& command, std::string_view name) const;

 private:
  bool utf8_ = false;
  std::unordered_map<std::string, std::string> as_written_;  // where UTF-8 would say it otherwise
};

}  // namespace imap
