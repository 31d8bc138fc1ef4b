#pragma once
/// What a server can say, as values. Whatever is not understood is `Ignored`: unknown responses and
/// items are skipped, as RFC 3501 asks.

#include "imap/base/ascii.h"
#include "imap/base/flags.h"
#include "imap/base/ids.h"
#include "imap/base/uid_set.h"
#include "imap/wire/capabilities.h"
#include "imap/wire/special_use.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace imap {

enum class Condition { ok, no, bad, bye, preauth };

/// `OK`, `NO`, `BAD`, `BYE` or `PREAUTH`, tagged or not.
struct Status {
  std::string tag;  // empty: untagged
  Condition condition = Condition::ok;
  std::string code;       // response code's atom in upper case, without brackets; empty: none
  std::string arguments;  // what follows the atom within the brackets
  std::string text;       // for people
};

/// `+`: the server wants the rest of the command.
struct Continuation {
  std::string text;
};

/// One row of STATUS; what was not sent is absent.
struct StatusRow {
  std::string name;
  std::optional<std::uint32_t> messages;
  std::optional<std::uint32_t> unseen;
  std::optional<std::uint32_t> uid_next;
  std::optional<std::uint64_t> uid_validity;
  std::optional<std::uint64_t> highest_modseq;
  std::optional<std::uint64_t> size;          // octets (RFC 8438)
  std::string mailbox_id;                     // survives RENAME (RFC 8474 section 4); or empty
  std::optional<std::uint64_t> append_limit;  // largest message, octets (RFC 7889)
};

/// One row of LIST or XLIST.
struct ListRow {
  std::vector<std::string> attributes;  // as sent, with backslash
  std::optional<char> delimiter;        // nothing: flat
  std::string name;                     // the server's octets
  std::optional<SpecialUse> use{};      // what the attributes say it is for
  bool subscribed = false;              // \Subscribed, or listed by LSUB
  std::optional<StatusRow> status{};    // where it was asked for and given

  bool has(std::string_view attribute) const {
    return std::ranges::any_of(
        attributes, [=](const auto& one) { return equal_ignoring_case(one, attribute); });
  }
  /// Messages can be in it. \NonExistent implies \Noselect (RFC 9051 7.3.1).
  bool is_selectable() const { return !has("\\Noselect") && !has("\\NonExistent"); }
};

/// One row of LSUB. One with \Noselect is not subscribed: something below it is (RFC 3501 6.3.9).
struct LsubRow {
  ListRow row;
};

struct Namespace {
  std::string prefix;
  std::optional<char> delimiter;
};

/// The personal namespaces of a NAMESPACE response (RFC 2342); others are not mounted.
struct NamespaceRow {
  std::vector<Namespace> personal;
};

/// SEARCH or ESEARCH: the numbers found (UIDs, because nothing but UID SEARCH is ever sent).
struct SearchResult {
  UidSet uids;
  std::optional<std::uint64_t> count;  // ESEARCH COUNT
};

/// One body section of a FETCH row.
struct BodySection {
  std::string section;                    // `` for BODY[], `HEADER.FIELDS (DATE FROM)`
  std::optional<std::uint64_t> origin;    // `<0>` of a partial fetch
  std::optional<std::string> text;        // absent: NIL, or streamed
  std::optional<std::uint64_t> streamed;  // octets that went to the sink instead
};

/// One FETCH or UIDFETCH row; what was not sent is absent.
struct FetchRow {
  Seq seq;  // 0 in a UIDFETCH
  std::optional<Uid> uid;
  std::optional<Flags> flags;
  std::optional<std::uint64_t> size;
  std::optional<std::string> internal_date;
  std::optional<ModSeq> modseq;
  std::string email_id;  // the same for all copies of a message (RFC 8474 section 5.1); or empty
  std::optional<std::uint64_t> gmail_message{};  // X-GM-MSGID, likewise
  std::optional<std::uint64_t> gmail_thread{};   // X-GM-THRID
  std::vector<std::string> gmail_labels{};       // X-GM-LABELS, as sent
  std::vector<BodySection> sections;
};

struct Exists {
  std::uint32_t count;
};
struct Expunge {
  Seq seq;
};
/// VANISHED (RFC 7162 3.2.10).
struct Vanished {
  bool earlier;
  UidSet uids;
};
struct FlagsRow {
  Flags flags;
};
struct Enabled {
  std::vector<std::string> names;  // upper case
};
/// One quota root (RFC 9208). STORAGE comes in units of 1024 octets and is given in octets here.
struct QuotaRow {
  struct Use {
    std::uint64_t used = 0;
    std::uint64_t limit = 0;
  };
  std::string root;
  std::optional<Use> storage{};   // octets
  std::optional<Use> messages{};  // messages
};
/// What the server says of itself (RFC 2971): the strings of its ID, joined by spaces.
struct ServerId {
  std::string text;
};
/// A response that is of no interest, or broken in a way that harms nothing else.
struct Ignored {};

using Response = std::variant<Ignored, Status, Continuation, Capabilities, ListRow, LsubRow,
                              NamespaceRow, StatusRow, SearchResult, FetchRow, Exists, Expunge,
                              Vanished, FlagsRow, Enabled, QuotaRow, ServerId>;

}  // namespace imap
