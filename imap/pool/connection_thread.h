#pragma once
/// One thread with one session of its own: takes a job, runs it, waits for the next while listening
/// to the server. Made and ended by the pool, which alone calls it. What it does without a job is
/// in connection_listen.cpp.

#include "imap/base/synchronized.h"
#include "imap/base/wake_fd.h"
#include "imap/pool/pool.h"

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace imap {

class ConnectionThread {
 public:
  ConnectionThread(Pool& pool, unsigned number);
  ~ConnectionThread();

  void start();
  /// Any thread: there may be a job.
  void wake() { wake_.signal(); }
  /// Any thread: these mailboxes are not to stay open.
  void leave(const std::vector<std::string>& mailboxes);
  void join();
  /// Octets received by the present session, or by the last one. Any thread.
  std::uint64_t received() const { return received_; }

 private:
  void loop();
  void connect();
  void run(QueuedJob queued);
  void watch(const std::string& mailbox);
  /// Sleeps until there may be a job, and takes in what the server says meanwhile.
  void wait();
  void listen(std::optional<Deadline> deadline);
  /// Asks for news of all mailboxes, if that is for this connection to do. Whether it has asked.
  bool ask_notify();
  bool may_notify() const;
  /// The connection is of use in IDLE.
  bool wants_idle() const;
  /// When it has to say something though there is no job, and that.
  Deadline turn() const;
  void take_turn();
  /// Passes on what the server has said unasked, as an answer to NOTIFY if it was asked then.
  void tell(std::optional<Deadline::Clock::time_point> asked = {});
  /// For whoever wants to know.
  void show(ConnectionState::Activity activity, const std::string& what = {});
  void show_waiting();
  void sleep(std::optional<Deadline> deadline) const;
  /// Whether the server still answers on a connection that has heard nothing since then, or that
  /// has been through a suspension or a change of the network: without asking, the next command
  /// would wait in vain.
  bool is_alive(Deadline::Clock::time_point heard_since);
  /// From when on the server must have been heard of before somebody relies on it.
  static Deadline::Clock::time_point trusted_since();
  /// Leaves the open mailbox if it is not to stay open; false when that takes a new session.
  bool leave_mailbox();
  void commanded();
  void heard();
  void drop_session() noexcept;

  Pool& pool_;
  const unsigned number_;
  WakeFd wake_;
  Synchronized<std::set<std::string>> leaving_;
  std::unique_ptr<Session> session_;
  Deadline::Clock::time_point last_command_{};
  Deadline::Clock::time_point last_heard_{};
  Deadline::Clock::time_point idle_from_{};  // NOTIFY may be asked for, and IDLE entered
  std::atomic<std::uint64_t> received_{0};
  std::chrono::nanoseconds suspended_{0};  // when last heard of
  unsigned network_ = 0;                   // likewise
  std::thread thread_;
};

}  // namespace imap
