#pragma once
/// The mount itself: libfuse's session, its threads, and its end. Owned by the mount command and
/// used by its thread only.

#include "fs/fuse/callbacks.h"
#include "fs/fuse/kernel_notifier.h"
#include "fs/fuse/request_loop.h"

#include <fuse_lowlevel.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace fs {

class FuseSession {
 public:
  struct Settings {
    std::string mountpoint;
    /// As shown by mount(8) and df: the account.
    std::string name;
    /// The kernel refuses every change by itself.
    bool read_only = false;
    /// Further options as mount(8) takes them: `allow_other`.
    std::vector<std::string> options;
  };

  /// Mounts. Throws std::runtime_error that says why it is not possible; libfuse and fusermount3
  /// may have written more to stderr.
  FuseSession(Filesystem& filesystem, const Ownership& ownership, const Settings& settings);
  /// Ends the session if that has not happened yet.
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  /// Begins to answer the kernel, on threads of its own. Once.
  void start();
  /// Through which the kernel is told what to forget, between `start` and `end`.
  std::shared_ptr<KernelCache> kernel_cache() const { return notifier_; }
  /// Waits until somebody has unmounted, or `stop` is requested.
  void wait(const std::stop_token& stop);
  /// Unmounts, also when files are open (those who have them open get ENOTCONN), and waits until no
  /// request is being answered any more. Requests that wait must have been made to fail before.
  void end();

 private:
  struct Destroy {
    void operator()(fuse_session* session) const { fuse_session_destroy(session); }
  };

  void loop();

  const std::shared_ptr<KernelNotifier> notifier_;
  FuseContext context_;
  std::unique_ptr<fuse_session, Destroy> session_;
  std::unique_ptr<RequestLoop> loop_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable_any ended_changed_;
  bool ended_ = false;  // guarded by mutex_
};

}  // namespace fs
