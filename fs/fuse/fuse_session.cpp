#include "fs/fuse/fuse_session.h"

#include <fmt/format.h>
#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace fs {
namespace {

/// libfuse's default of 10 lets a `stat` wait for seconds behind slow reads.
constexpr unsigned kMostThreads = 64;

/// Options as mount(8) takes them: a comma within one is escaped.
std::string escaped(const std::string& option) {
  std::string text;
  for (const char c : option) {
    if (c == ',' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

/// Owns the argument list that libfuse reads and changes.
class Arguments {
 public:
  Arguments() { add("imapfs"); }
  ~Arguments() { fuse_opt_free_args(&args_); }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  void add(const std::string& argument) {
    if (fuse_opt_add_arg(&args_, argument.c_str()) != 0) throw std::bad_alloc();
  }
  fuse_args* get() { return &args_; }

 private:
  fuse_args args_ = FUSE_ARGS_INIT(0, nullptr);
};

}  // namespace

FuseSession::FuseSession(Filesystem& filesystem, const Ownership& ownership,
                         const Settings& settings)
    : context_{filesystem, ownership} {
  Arguments arguments;
  std::string options = fmt::format("fsname={},subtype=imapfs,default_permissions,{},noexec",
                                    escaped(settings.name), settings.read_only ? "ro" : "rw");
  for (const auto& option : settings.options) options += ',' + escaped(option);
  arguments.add("-o");
  arguments.add(options);
  session_.reset(
      fuse_session_new(arguments.get(), &callbacks(), sizeof(fuse_lowlevel_ops), &context_));
  if (!session_) throw std::runtime_error("the mount options were not understood");
  context_.session = session_.get();
  errno = 0;
  if (fuse_session_mount(session_.get(), settings.mountpoint.c_str()) != 0) {
    throw std::runtime_error(
        fmt::format("cannot mount on {}{}", settings.mountpoint,
                    errno == 0 ? "" : ": " + std::generic_category().message(errno)));
  }
}

FuseSession::~FuseSession() {
  end();
}

void FuseSession::start() {
  // Interrupts the loop's wait for its threads, which has no other way of being told.
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {
  };
  ::sigaction(SIGUSR1, &nothing, nullptr);
  thread_ = std::thread([this] { loop(); });
  notifier_->start(session_.get());
}

void FuseSession::loop() {
  auto* config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, kMostThreads);
  fuse_loop_cfg_set_clone_fd(config, 1);
  fuse_session_loop_mt(session_.get(), config);
  fuse_loop_cfg_destroy(config);
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_all();
}

void FuseSession::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ended_changed_.wait(lock, stop, [this] { return ended_; });
}

void FuseSession::end() {
  if (!session_) return;
  notifier_->stop();
  fuse_session_exit(session_.get());
  fuse_session_unmount(session_.get());
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    // A signal that comes just before the loop begins to wait is lost: hence more than one.
    while (!ended_) {
      pthread_kill(thread_.native_handle(), SIGUSR1);
      ended_changed_.wait_for(lock, std::chrono::milliseconds(50), [this] { return ended_; });
    }
    lock.unlock();
    thread_.join();
  }
  session_.reset();
}

}  // namespace fs
