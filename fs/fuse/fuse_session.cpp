#include "fs/fuse/fuse_session.h"

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fs {
namespace {

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
    : notifier_(std::make_shared<KernelNotifier>(filesystem)),
      context_{filesystem, ownership, *notifier_} {
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
  loop_ = std::make_unique<RequestLoop>(session_.get());
  thread_ = std::thread([this] { loop(); });
  notifier_->start(session_.get());
}

void FuseSession::loop() {
  loop_->run();
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
  if (loop_) loop_->stop();
  if (thread_.joinable()) thread_.join();
  fuse_session_unmount(session_.get());
  session_.reset();
}

}  // namespace fs
