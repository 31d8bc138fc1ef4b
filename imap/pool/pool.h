#pragma once
/// A few connections to one account and the queue in front of them. Jobs come to the connections;
/// nobody else ever touches a session. Any thread may submit.
///
/// A server that cannot be reached costs one time-out, not one for each job: after a failed attempt
/// jobs fail at once with OfflineError, until an attempt made in the background succeeds. While it
/// is not known whether the server lets us in, one connection alone tries.

#include "imap/base/synchronized.h"
#include "imap/base/wake_fd.h"
#include "imap/pool/backoff.h"
#include "imap/pool/job.h"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace imap {

class ConnectionThread;

class Pool {
 public:
  struct Settings {
    /// At least 1. With two or more, connection 0 takes no bulk work, so that a listing never waits
    /// behind a large message.
    unsigned connections = 3;
    /// Makes the session of connection `number`. Called on its thread; throws as Session::open
    /// does.
    std::function<std::unique_ptr<Session>(unsigned number)> connect;
    /// Told of every change between reachable and not, with a reason for people. Called on a
    /// connection thread, must not block.
    std::function<void(bool online, const std::string& reason)> on_state;
  };

  explicit Pool(Settings settings, const WakeFd& abort);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Queues the job. Never blocks; while offline the ticket has failed already.
  Ticket run(JobSpec spec, Job job);
  /// Ends all connections; queued jobs fail with CancelledError. The abort flag must have been
  /// raised, so that nothing blocks. Called once, before destruction.
  void stop();
  bool is_online() const;

 private:
  friend class ConnectionThread;

  struct Queued {
    JobSpec spec;
    Job job;
    Ticket ticket;
    int passed_over = 0;  // times that a later job was preferred
  };
  struct State {
    std::deque<Queued> queue;
    Backoff backoff;
    std::string offline_reason;  // empty: reachable as far as is known
    bool login_refused = false;
    bool proven = false;      // the last attempt to connect succeeded
    bool connecting = false;  // somebody is trying while that is not known
    bool stopping = false;
  };

  // For the connection threads.
  /// The best job for a connection: one for the mailbox it has open, else the oldest it may take.
  /// One without a session gets none while another is finding out whether the server lets us in.
  enum class HasSession { no, yes };
  std::optional<Queued> take(unsigned number, HasSession has_session,
                             const std::string& open_mailbox);
  std::deque<Queued>::iterator best_of(State& state, unsigned number,
                                       const std::string& open_mailbox) const;
  /// What jobs fail with while the server is not reachable; null when it is.
  std::exception_ptr why_offline() const;
  void connected();
  void connect_failed(const std::exception_ptr& error, const std::string& reason);
  /// How long an idle connection 0 may sleep before it has to try to get online again.
  std::optional<Deadline> reconnect_at() const;

  static std::exception_ptr offline_error(const State& state);
  bool accepts(unsigned number, Lane lane) const;

  const Settings settings_;
  const WakeFd& abort_;
  Synchronized<State> state_;
  std::vector<std::unique_ptr<ConnectionThread>> threads_;
};

}  // namespace imap
