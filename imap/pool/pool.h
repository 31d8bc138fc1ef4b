#pragma once
/// A few connections to one account and the queue in front of them. Jobs come to the connections;
/// nobody else ever touches a session. Any thread may submit.
///
/// A server that cannot be reached costs one time-out, not one for each job: after a failed attempt
/// jobs fail at once with OfflineError, until an attempt made in the background succeeds. A refused
/// login is repeated only when somebody asks for something again, after half a minute, five
/// minutes, an hour. One connection at a time logs in. A server that refuses one connection more is
/// served with those there are.
///
/// Where there is somebody to tell (`on_updates`), a connection without a job listens to the
/// server: in IDLE in the mailbox that it has open, and one of them with NOTIFY to all mailboxes.

#include "imap/base/synchronized.h"
#include "imap/base/wake_fd.h"
#include "imap/pool/connection_state.h"
#include "imap/pool/job.h"
#include "imap/pool/schedule.h"
#include "imap/pool/watches.h"
#include "imap/session/updates.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace imap {

class ConnectionThread;

class Pool {
 public:
  struct Settings {
    /// At least 1. With two or more, one takes no bulk work (connection 0 where the server lets us
    /// have it), so that a listing never waits behind a large message.
    unsigned connections = 3;
    /// Makes the session of connection `number`. Called on its thread; throws as Session::open
    /// does.
    std::function<std::unique_ptr<Session>(unsigned number)> connect;
    /// Told of every change between reachable and not, in their order, with a reason for people.
    /// Called on a connection thread, must not block.
    std::function<void(bool online, const std::string& reason)> on_state;
    /// How long the machine has been suspended in all; connections that slept are doubtful.
    std::function<std::chrono::nanoseconds()> suspended = suspended_time;
    /// Told what a server has said unasked: after each job (before whoever waits for it goes on),
    /// as soon as a connection without a job hears it, and when a session ends. Called on a
    /// connection thread; must not block for long and must not throw, may call `run`.
    std::function<void(Updates)> on_updates{};
    /// How long a connection has had no job when it asks for NOTIFY and enters IDLE: a job that
    /// comes at once would have to wait for the answer, and leaving IDLE costs a little.
    std::chrono::milliseconds idle_after{100};
    /// When IDLE is entered anew, and a connection without it asked for news, at the latest: NATs
    /// and servers forget those who are silent. A server may need it earlier (`Quirks`).
    std::chrono::milliseconds longest_idle{std::chrono::minutes(9)};
  };

  /// `abort` must be given to the sessions; the pool raises it when it ends.
  Pool(Settings settings, const WakeFd& abort);
  /// Stops.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Queues the job. Never blocks; while offline the ticket has failed already.
  Ticket run(JobSpec spec, Job job);
  /// Ends all connections and returns when their threads have ended: idle ones say goodbye, what is
  /// under way has half a second, and then the abort flag is raised. Queued jobs, and those that
  /// are cut short, fail with CancelledError. May be called again.
  void stop();
  bool is_online() const;

  // Listening

  /// Keeps a connection with this mailbox open, listening, whenever it has nothing else to do, as
  /// long as the pool lives; one that is lost is made anew, with growing pauses if need be. What
  /// happened before a connection listened is not known, hence `on_updates` is told each time that
  /// the mailbox has changed. Any thread.
  void keep_watch(const std::string& mailbox);
  /// Since when everything that happens in the mailbox has been told without a gap, or later: the
  /// time just before the mailbox or NOTIFY was asked for. What was looked up after that holds
  /// until something is told. Nothing while no connection hears of it at once, be it because the
  /// one that does is running a job.
  std::optional<Deadline::Clock::time_point> watched_since(const std::string& mailbox) const;
  /// One session has asked for news of all mailboxes (RFC 5465) and gets them.
  bool notifies() const;

  /// These mailboxes were renamed or deleted, so their names may soon be those of others: a
  /// connection that has one of them open leaves it before it does anything else. Returns at once.
  /// Any thread.
  void leave(const std::vector<std::string>& mailboxes);

  // For people

  std::vector<ConnectionState> connections() const;
  PoolState state() const;

  /// Addresses or routes of this machine are not what they were: connections prove that they still
  /// work, and a server that could not be reached is tried again. Any thread.
  void network_changed();

  /// The time for which the clock of the monotonic deadlines stood still since the machine started.
  static std::chrono::nanoseconds suspended_time();

 private:
  friend class ConnectionThread;

  // For the connection threads.
  Schedule::Next next(unsigned number, const std::string& open_mailbox);
  void busy(unsigned number);
  bool claim_notify(unsigned number);
  void watch_refused();
  void show(ConnectionState state);
  std::optional<Deadline> wake_at(unsigned number) const;
  /// The job runs again, before the others. Fails it when there is no chance of that.
  void put_back(QueuedJob queued);
  void submit(QueuedJob queued, void (Schedule::*push)(QueuedJob));
  void hold(std::chrono::milliseconds pause);
  /// `most`: connections that this server is known to allow; 0: not known.
  void connected(unsigned number, unsigned most);
  void connect_failed(const std::exception_ptr& error);
  void disconnected(unsigned number);
  void ended();
  bool is_stopping() const;

  void wake_all();
  void report();

  const Settings settings_;
  const WakeFd& abort_;
  Synchronized<Schedule> schedule_;
  Synchronized<Watches> watches_;
  Synchronized<std::vector<ConnectionState>> shown_;
  Synchronized<PoolState> state_;
  Synchronized<unsigned> ended_;
  std::condition_variable one_ended_;
  std::atomic<unsigned> network_{0};  // counts its changes
  std::vector<std::unique_ptr<ConnectionThread>> threads_;
};

}  // namespace imap
