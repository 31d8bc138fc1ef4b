#pragma once
/// From the kernel's requests to calls of Filesystem: each callback a few lines that only
/// translate. Called by libfuse's threads. Those that change something are in files of their own.

#include "fs/fuse/kernel_notifier.h"
#include "fs/fuse/request.h"

#include <fuse_lowlevel.h>

namespace fs {

/// What a callback gets as libfuse's user data.
struct FuseContext {
  Filesystem& filesystem;
  Ownership ownership;
  KernelNotifier& notifier;
  /// Set by FuseSession once it exists; needed to tell the kernel that a size was wrong.
  fuse_session* session = nullptr;
  /// The kernel takes ENOSYS to an open for "never ask again". Set by INIT, before any other
  /// request.
  bool no_open = false;
};

const fuse_lowlevel_ops& callbacks();

// What the callbacks share.

inline FuseContext& context(const Request& request) {
  return *static_cast<FuseContext*>(fuse_req_userdata(request.raw()));
}
/// How a name is answered that stands for this.
fuse_entry_param entry_of(const FuseContext& context, const Attributes& attributes);

/// mkdir, rmdir and rename: change_callbacks.cpp
void add_change_callbacks(fuse_lowlevel_ops& ops);
/// What makes files and writes them: draft_callbacks.cpp
void add_draft_callbacks(fuse_lowlevel_ops& ops);

}  // namespace fs
