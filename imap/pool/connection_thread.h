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
  /// Makes sure that there is a session. Throws what connecting threw.
  void connect();
  void run(Pool::Queued& queued);
  void attempt(Pool::Queued& queued);
  /// Sleeps until there may be a job, and takes in what the server says meanwhile.
  void wait();
  void drop_session() noexcept;

  Pool& pool_;
  const unsigned number_;
  WakeFd wake_;
  std::unique_ptr<Session> session_;
  Deadline::Clock::time_point last_used_{};
  std::thread thread_;
};

}  // namespace imap
