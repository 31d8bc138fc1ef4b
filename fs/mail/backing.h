#pragma once
/// What the parts of MailStore stand on: the cache, the connections, and how long to wait. A plain
/// value that each of them has a copy of; what it refers to outlives them all.

#include "cache/journal.h"
#include "cache/store.h"
#include "fs/mail/delete_policy.h"
#include "fs/mail/patience.h"
#include "imap/pool/pool.h"

#include <chrono>
#include <functional>
#include <string>

namespace fs {

struct MailSettings {
  /// Longest silence of the server before a wait for it fails.
  std::chrono::milliseconds timeout{30'000};
  /// How long what the server said last is taken as true without asking again.
  std::chrono::milliseconds mailbox_fresh{2'000};
  /// The same of a mailbox of which the server tells every change: servers forget to.
  std::chrono::milliseconds watched_fresh{60'000};
  std::chrono::milliseconds folders_fresh{10'000};
  /// How often to look at what the server does not tell of; 0: never.
  std::chrono::milliseconds poll_interval{60'000};
  /// How long somebody who could be given what is cached waits for something newer.
  std::chrono::milliseconds stale_wait{1'000};
  DeletePolicy delete_policy = DeletePolicy::automatic;
  /// Every change waits for the server.
  bool sync = false;
  /// Told in words for people what the server has refused, on any thread; must not throw.
  std::function<void(const std::string&)> on_refused{};
};

struct Backing {
  cache::Store& cache;
  cache::Journal& journal;
  imap::Pool& pool;
  const imap::Progress& progress;  // of the pool's connections
  MailSettings settings;

  Patience patience() const { return {progress, settings.timeout}; }
};

}  // namespace fs
