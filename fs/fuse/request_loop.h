#pragma once
/// Takes the kernel's requests and has them answered. Owned by FuseSession.
///
/// One thread, the leader, takes a request and answers it itself: to wake another one costs more
/// than most answers do. Before it has to wait it hands the lead on, and one that is held up
/// unawares (by the disk) loses it after some milliseconds to its deputy, who looks after it while
/// there is something to do. While requests follow each other closely the leader asks for the next
/// one again and again for a moment before it sleeps, as virtual machines do (halt polling of KVM):
/// between cores that sleep, waking up takes ten times as long as the answer.

#include "imap/base/wake_fd.h"

#include <fuse_lowlevel.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace fs {

class RequestLoop {
 public:
  /// The session must be mounted, and outlive the loop.
  explicit RequestLoop(fuse_session* session) : session_(session) {}
  RequestLoop(const RequestLoop&) = delete;
  RequestLoop& operator=(const RequestLoop&) = delete;

  /// Answers requests until the mount has ended or `stop` was called, and returns when none is
  /// being answered any more. Once.
  void run();
  /// Any thread.
  void stop();

  /// To be called by whoever answers a request before it waits for something; does nothing on
  /// other threads.
  static void about_to_wait();

 private:
  using Clock = std::chrono::steady_clock;
  using Number = std::uint32_t;  // of a thread; 0: none

  void serve(Number number);
  /// False: there is nothing more to be done.
  bool wait_for_lead(Number number);
  /// Returns when the lead is lost, or there is nothing more to be done.
  void lead(Number number, fuse_buf& buffer);
  /// False: there will be no more.
  bool receive(fuse_buf& buffer);
  void sleep() const;
  void look_after_me();
  void hand_over(Number number);
  void end();

  fuse_session* const session_;
  const imap::WakeFd stopped_;
  std::atomic<Number> leader_{0};

  // The leader's, for its deputy.
  std::atomic<bool> answering_{false};
  std::atomic<Clock::time_point> begun_{Clock::time_point{}};  // of the last request
  std::atomic<bool> looked_after_{false};
  // The leader's own.
  Clock::duration patience_{0};  // how long it asks before it sleeps

  std::mutex mutex_;
  std::condition_variable deputy_wanted_;
  std::condition_variable deputy_needed_;
  std::condition_variable all_over_;
  // Guarded by mutex_.
  std::vector<std::thread> threads_;
  unsigned idle_ = 0;  // the deputy and those who would be
  bool has_deputy_ = false;
  bool ended_ = false;
};

}  // namespace fs
