#include "fs/cli/end_signals.h"

#include <pthread.h>

namespace fs {

EndSignals::EndSignals() {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] { listen(); });
}

EndSignals::~EndSignals() {
  stop_.request_stop();
  // Every thread has it blocked: it ends the wait, not the thread.
  pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void EndSignals::listen() {
  int number = SIGHUP;
  while (number == SIGHUP) sigwait(&signals_, &number);
  stop_.request_stop();
}

}  // namespace fs
