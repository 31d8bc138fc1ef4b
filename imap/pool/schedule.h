#pragma once
/// Which connection does what next: the queue of jobs, which connections there are, when another
/// may be made. A plain value that the pool keeps under its lock; it starts nothing, and every time
/// comes from the caller.

#include "imap/base/deadline.h"
#include "imap/pool/backoff.h"
#include "imap/pool/job.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace imap {

struct QueuedJob {
  JobSpec spec;
  Job job;
  Ticket ticket;
  int passed_over = 0;     // times that a later job was preferred
  bool throttled = false;  // the server has asked once to wait with it
  /// When its connection broke the first time, or min().
  Deadline::Clock::time_point cut = Deadline::Clock::time_point::min();
};

class Schedule {
 public:
  using Time = Deadline::Clock::time_point;
  struct Nothing {};
  struct Connect {};
  /// To open the mailbox and listen there.
  struct Watch {
    std::string mailbox;
  };
  using Next = std::variant<Nothing, Connect, Watch, QueuedJob>;
  /// A change between reachable and not.
  struct Notice {
    bool online;
    std::string reason;
  };
  enum class Failure {
    unreachable,  // nobody there, or nobody who speaks IMAP
    turned_away,  // the server answers and wants no (more) connections
    login,        // the server refuses the credentials
  };

  explicit Schedule(unsigned connections) : slots_(connections) {}

  // Jobs

  /// What a new job fails with: null when the server is reachable as far as is known. Being asked
  /// may bring the next attempt to connect forward, and after a refused login permits it.
  std::exception_ptr refusal(Time now);
  void push(QueuedJob queued) { queue_.push_back(std::move(queued)); }
  /// For a job that has been taken already and is to run before the others.
  void push_first(QueuedJob queued) { queue_.push_front(std::move(queued)); }
  /// What connection `number` is to do now. A connection that has a session gets a job: one for the
  /// mailbox it has open, else the oldest it may take, or one of the mailboxes to be watched that
  /// no connection has open. One without gets no job but, when there is more to do than the others
  /// have hands free, the order to connect; one at a time has it.
  Next next(unsigned number, const std::string& open_mailbox, Time now);
  /// The connection is busy with something that is no job.
  void busy(unsigned number) { slots_[number].idle = false; }
  /// When connection `number` has to look again though nobody wakes it.
  std::optional<Deadline> wake_at(unsigned number, Time now) const;
  /// The server asks for a pause: no job begins before its end.
  void hold(Time until) { held_until_ = std::max(held_until_, until); }
  /// No job is accepted any more; what was queued.
  std::deque<QueuedJob> stop();
  bool is_stopping() const { return stopping_; }

  // Watches

  /// Has a connection open the mailbox and listen there whenever it has nothing else to do.
  void keep_watch(const std::string& mailbox);
  /// The mailbox could not be opened: not again at once.
  void watch_refused(Time now) { watch_backoff_.unreachable(now); }
  /// A connection that is to be made in order to watch.
  std::optional<unsigned> wanted_watcher(Time now) const;

  // Connections

  bool is_lowest_live(unsigned number) const;
  void connected(unsigned number, Time now);
  /// No more connections than these are made, whatever was asked for.
  void allow(std::size_t connections) { allowed_ = connections; }
  /// Returns the jobs that fail with this. While others have sessions none does: how many these are
  /// is then taken for the limit of the server, for an hour if it said so, else for half a minute.
  std::deque<QueuedJob> connect_failed(Failure failure, const std::string& reason, Time now);
  void disconnected(unsigned number, Time now);
  /// The network has changed: an attempt to connect may be made at once.
  void hurry(Time now);
  bool is_online() const { return offline_reason_.empty(); }
  /// Whether the caller is to take the notices, until there are none; else somebody does already.
  /// So each is told once, and in order.
  bool start_telling() { return !std::exchange(telling_, true); }
  std::optional<Notice> take_notice();

 private:
  struct Slot {
    bool live = false;  // has a session
    bool idle = false;  // and waits for a job
    Time connected{};
    std::optional<Time> idle_since;  // without any job
    std::string mailbox;             // that is open, or will be in a moment
  };

  std::size_t live() const;
  /// How many connections the server lets us have, as far as is known.
  std::size_t most(Time now) const;
  /// Bulk work leaves one connection alone where there are two or more: the first of those that
  /// exist or can be made.
  bool accepts(unsigned number, Lane lane, Time now) const;
  bool can_grow(Time now) const { return live() < most(now); }
  bool is_needed(unsigned number, Time now) const;
  bool is_watched(const std::string& mailbox) const;
  bool is_open(const std::string& mailbox) const;
  /// A mailbox to be watched that no connection has open.
  const std::string* unwatched() const;
  /// The same, if this connection is the one to open it now.
  const std::string* watch_for(unsigned number, Time now) const;
  std::optional<Deadline> watch_at(unsigned number, Time now) const;
  /// The only job is better done by another, because this connection watches.
  bool leaves_to_other(unsigned number, const QueuedJob& queued, Time now) const;
  std::deque<QueuedJob>::iterator best_for(unsigned number, const std::string& open_mailbox,
                                           Time now);

  std::vector<Slot> slots_;
  std::deque<QueuedJob> queue_;
  std::deque<Notice> notices_;
  std::vector<std::string> watched_;
  Backoff backoff_;
  Backoff watch_backoff_;
  std::string offline_reason_;  // empty: reachable as far as is known
  std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
  std::size_t limit_ = 0;
  Time limited_until_{};
  Time held_until_{};
  bool login_refused_ = false;
  bool login_wanted_ = false;  // somebody has asked since
  bool connecting_ = false;
  bool stopping_ = false;
  bool telling_ = false;
};

}  // namespace imap
