#pragma once
/// Where single servers need other treatment than their capabilities say. What can be found out by
/// trying is latched by the session instead (ranges, options of LIST), and what any server may send
/// is read by the parsers: numbers as `9.3736e+06` of mail.ru (MailKit#1838), UIDVALIDITY of 64
/// bits of GreenMail (MailKit#723). Plain values and pure functions, any thread.

#include "imap/base/ids.h"
#include "imap/wire/capabilities.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace imap {

struct Quirks {
  // For the session:
  bool ask_capabilities = false;    // after the login, even if it brought them
  bool no_qresync = false;          // QRESYNC is broken: not enabled
  bool unselect_first = false;      // no CLOSED between mailboxes: the old one is left first
  bool select_always = false;       // EXAMINE gives other numbers than SELECT
  bool uid_only = false;            // UIDONLY shows more messages than without
  bool no_ranges = false;           // ranges of bodies come from other messages
  bool list_one_level = false;      // LIST * walks the user's whole home directory
  std::size_t statuses_ahead = 25;  // Outlook.com broke its own parser at about 50 (geary)
  std::uint64_t most_uids = std::numeric_limits<std::uint64_t>::max();  // in one command

  /// NO and BAD after which the connection is better replaced; 0: any number.
  unsigned most_refusals = 0;

  /// What the text of a NO without a response code means, as one of those; or empty. Null: nothing.
  std::string_view (*code_of)(std::string_view text) = nullptr;

  bool no_status_id = false;      // STATUS gives a MAILBOXID that is none
  bool binds_tls_unique = false;  // SCRAM-*-PLUS by tls-unique alone, which TLS 1.3 lacks

  // For callers:
  bool mailboxes_are_labels = false;  // deleting from a mailbox does not delete
  bool uids_may_change = false;       // the same UID has been another message: compare bodies
  unsigned most_connections = 0;      // at a time; 0: not known
  std::chrono::seconds longest_idle{9 * 60};  // without a word, of IDLE and NOOP alike
};

struct Quirk {
  enum class Sign {
    capability,  // is advertised after login
    name,        // stands in the greeting or in the answer to ID
  };

  std::string_view server;
  Sign sign;
  std::string_view text;
  void (*apply)(Quirks&);
  std::string_view source;  // who found out
};

/// The one table.
std::span<const Quirk> known_quirks();

/// What applies to a server that shows these signs.
Quirks quirks_of(const Capabilities& capabilities, std::string_view greeting, std::string_view id);

}  // namespace imap
