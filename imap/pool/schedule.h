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
  bool repeated = false;   // its connection broke once
  bool throttled = false;  // the server has asked once to wait with it
};

class Schedule {
 public:
  using Time = Deadline::Clock::time_point;
  struct Nothing {};
  struct Connect {};
  using Next = std::variant<Nothing, Connect, QueuedJob>;
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
  /// mailbox it has open, else the oldest it may take. One without gets no job but, when there is
  /// more to do than the others have hands free, the order to connect; one at a time has it.
  Next next(unsigned number, const std::string& open_mailbox, Time now);
  /// The connection is busy with something that is no job.
  void busy(unsigned number) { slots_[number].idle = false; }
  /// When connection `number` has to look again though nobody wakes it.
  std::optional<Deadline> wake_at(unsigned number, Time now) const;
  /// The server asks for a pause: no job begins before its end.
  void hold(Time until) { held_until_ = std::max(held_until_, until); }
  bool has_jobs() const { return !queue_.empty(); }
  /// No job is accepted any more; what was queued.
  std::deque<QueuedJob> stop();
  bool is_stopping() const { return stopping_; }

  // Connections

  void connected(unsigned number);
  /// Returns the jobs that fail with this. While others have sessions none does: how many these are
  /// is then taken for the limit of the server, for an hour if it said so, else for half a minute.
  std::deque<QueuedJob> connect_failed(Failure failure, const std::string& reason, Time now);
  void disconnected(unsigned number);
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
  };

  std::size_t live() const;
  /// How many connections the server lets us have, as far as is known.
  std::size_t most(Time now) const;
  /// Bulk work leaves one connection alone where there are two or more: the first of those that
  /// exist or can be made.
  bool accepts(unsigned number, Lane lane, Time now) const;
  bool is_needed(unsigned number, Time now) const;
  std::deque<QueuedJob>::iterator best_for(unsigned number, const std::string& open_mailbox,
                                           Time now);

  std::vector<Slot> slots_;
  std::deque<QueuedJob> queue_;
  std::deque<Notice> notices_;
  Backoff backoff_;
  std::string offline_reason_;  // empty: reachable as far as is known
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
