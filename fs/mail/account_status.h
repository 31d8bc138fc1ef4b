#pragma once
/// What a mount is doing and has done, for people and programs: plain values that MailStore
/// collects. Times are unix seconds.

#include "cache/statistics.h"
#include "imap/pool/connection_state.h"
#include "imap/session/resync.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fs {

/// A change that was not made.
struct Refusal {
  std::int64_t time = 0;
  std::string folder;  // the server's name of the mailbox
  std::uint32_t uid = 0;
  std::string what;      // for people: `remove`, `move to Archive`
  std::string reason{};  // likewise
  std::string name{};    // of a new file, in place of the UID
};

struct AccountStatus {
  struct Connection {
    imap::ConnectionState state;
    std::int64_t since = 0;
    std::string folder{};  // that is open, as a path below the root; or empty
  };
  struct Mailbox {
    std::string folder;  // path below the root, of directory names
    std::uint32_t messages = 0;
    imap::SyncClass sync_class = imap::SyncClass::plain;
    std::int64_t synced_at = 0;
    bool watched = false;  // what happens there is told at once
  };
  /// Since the mount.
  struct Bodies {
    std::uint64_t messages = 0;  // that came from the server
    std::uint64_t bytes = 0;
    std::uint64_t reads = 0;       // of messages, from their beginning
    std::uint64_t from_cache = 0;  // those of them that waited for nothing
  };

  /// Of messages, made here.
  struct Changes {
    std::size_t pending = 0;
    std::vector<Refusal> refused;
  };

  bool online = false;
  std::int64_t since = 0;
  std::string reason;
  std::vector<Connection> connections;
  bool watches_all = false;  // NOTIFY
  std::size_t folders = 0;
  std::vector<Mailbox> mailboxes;  // those that were listed, by their paths
  Bodies bodies;
  Changes changes;
  cache::Statistics cache;
};

}  // namespace fs
