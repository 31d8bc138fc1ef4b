#pragma once
/// What the connections of one MemoryServer share: the account, the log of commands and the faults
/// that a test has asked for. Everything in ServerData is reached under the lock of ServerState.

#include "imap/base/ids.h"
#include "imap/base/synchronized.h"
#include "imap/base/uid_set.h"
#include "tests/support/mail.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct StoredMessage {
  imap::Uid uid;
  Mail mail;
  std::uint64_t modseq = 0;  // when it came or its flags were changed last

  bool has_flag(std::string_view flag) const;
};

struct StoredMailbox {
  std::string name;
  std::vector<std::string> attributes;
  std::string object_id;                // MAILBOXID
  std::vector<StoredMessage> messages;  // ascending
  std::uint64_t uid_validity = 1;
  std::uint32_t uid_next = 1;
  std::uint64_t modseq = 1;                       // the highest one
  std::map<imap::Uid, std::uint64_t> tombstones;  // of what was expunged, and when
  bool is_read_only = false;                      // to this user

  const StoredMessage* find(imap::Uid uid) const;
  StoredMessage* find(imap::Uid uid);
  imap::Uid append(Mail mail);
  /// Those of the messages that were expunged later than that.
  imap::UidSet vanished(const imap::UidSet& among, std::uint64_t since) const;
  void expunge(const imap::UidSet& uids);
  void set_flags(StoredMessage& message, std::string flags);
  bool is_selectable() const;
};

/// What kind of server it is.
struct Profile {
  std::vector<std::string> capabilities{"IMAP4rev1", "ESEARCH", "NAMESPACE", "LITERAL+",  "SASL-IR",
                                        "ID",        "UIDPLUS", "MOVE",      "AUTH=PLAIN"};
  std::optional<char> delimiter = '/';
  std::string prefix = {};  // of the personal namespace
  bool says_uid_validity = true;
  bool says_uid_next = true;
  /// Other flags are not kept.
  std::string permanent_flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*";
  bool says_codes = true;       // why CREATE, DELETE and RENAME are refused (RFC 5530)
  bool renews_renamed = false;  // gives what is renamed another UIDVALIDITY

  bool has(std::string_view capability) const;
  Profile without(std::string_view capability) const;
  Profile with_modseqs() const;  // CONDSTORE and QRESYNC
};

/// A reply that waits for the test. Commands are chosen by text that occurs in them.
struct HeldReply {
  std::string command;
  std::size_t skip = 0;   // so many such commands are answered before
  std::size_t after = 0;  // octets of the answer that are sent before it waits
  bool released = false;
  std::size_t waiting = 0;  // connections that wait here
};

struct Cut {
  /// In the answer to a command, which has been carried out; or in place of carrying it out; or
  /// within the message that it brings.
  enum class Where { answer, command, message };

  std::string command;
  std::size_t skip = 0;
  std::size_t after = 0;  // octets of answer or message that pass before the connection is closed
  Where where = Where::answer;
};

struct Refusal {
  std::string command;
  std::string answer;  // `NO [UNAVAILABLE] later`
  std::size_t skip = 0;
  std::size_t times = 0;
  bool hears_message = false;  // refuses APPEND only when its message has come
};

/// A message that FETCH says nothing about, though it is there.
struct Omission {
  std::string command;
  std::string mailbox;
  imap::Uid uid;
  std::size_t times = 0;
};

struct Faults {
  std::list<std::shared_ptr<HeldReply>> holds;
  std::list<Cut> cuts;
  std::list<Refusal> refusals;
  std::list<Omission> omissions;
  /// What RFC822.SIZE says of a message, or nothing: the item is missing.
  std::function<std::optional<std::uint64_t>(imap::Uid, std::uint64_t size)> announced_size;
  /// Messages that SEARCH does not find, though they are there.
  imap::UidSet search_omits;
  bool uid_last = false;  // behind the literal
  bool refuse_connections = false;
};

struct ServerData {
  Profile profile;
  std::map<std::string, StoredMailbox> mailboxes;
  std::set<std::string> subscribed;
  std::uint64_t next_uid_validity = 1000;  // of those that clients make
  Faults faults;
  std::vector<std::string> log;  // commands without their tags
  bool ending = false;

  StoredMailbox* find(const std::string& name);
  std::size_t count(std::string_view text) const;
};

/// What the faults make of one command.
struct Plan {
  std::shared_ptr<HeldReply> hold;
  std::optional<Cut> cut;
  std::optional<Refusal> refusal;

  bool cuts(Cut::Where where) const { return cut && cut->where == where; }
};

class ServerState {
 public:
  ServerState(std::vector<Box> boxes, Profile profile);

  /// Notes a command in the log, without the message that it brings, and finds out what shall
  /// happen to it.
  Plan receive(const std::string& command);
  /// Waits until the reply is released; false when the server ends first.
  bool wait_for_release(const std::shared_ptr<HeldReply>& hold);
  void release(const std::shared_ptr<HeldReply>& hold);
  void end();

  imap::Synchronized<ServerData> data;
  std::condition_variable changed;
};

}  // namespace tests
