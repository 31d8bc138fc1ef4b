#pragma once
/// One thread with one session of its own: takes a job, runs it, waits for the next while listening
/// to the server. Made and ended by the pool, which alone calls it.

#include "imap/base/wake_fd.h"
#include "imap/pool/pool.h"

#include <thread>

namespace imap {

class ConnectionThread {
 public:
  ConnectionThread(Pool& pool, unsigned number);
  ~ConnectionThread();

  void start();
  /// Any thread: there may be a job.
  void wake() { wake_.signal(); }
  void join();

 private:
  void loop();
  void connect();
  void run(QueuedJob queued);
  /// Sleeps until there may be a job, and takes in what the server says meanwhile.
  void wait();
  void listen(std::optional<Deadline> deadline);
  void sleep(std::optional<Deadline> deadline) const;
  /// Whether the server still answers on a connection that was silent, or that has been through a
  /// suspension or a change of the network: without asking, the next command would wait in vain.
  enum class Silence { harmless, doubtful };
  bool is_alive(Silence silence);
  void heard();
  void drop_session() noexcept;

  Pool& pool_;
  const unsigned number_;
  WakeFd wake_;
  std::unique_ptr<Session> session_;
  Deadline::Clock::time_point last_command_{};
  Deadline::Clock::time_point last_heard_{};
  std::chrono::nanoseconds suspended_{0};  // when last heard of
  unsigned network_ = 0;                   // likewise
  std::thread thread_;
};

}  // namespace imap
