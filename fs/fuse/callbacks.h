#pragma once
/// From the kernel's requests to calls of Filesystem: each callback a few lines that only
/// translate. Called by libfuse's threads.

#include "fs/fuse/request.h"

#include <fuse_lowlevel.h>

namespace fs {

/// What a callback gets as libfuse's user data.
struct FuseContext {
  Filesystem& filesystem;
  Ownership ownership;
  /// Set by FuseSession once it exists; needed to tell the kernel that a size was wrong.
  fuse_session* session = nullptr;
  /// The kernel takes ENOSYS to an open for "never ask again". Set by INIT, before any other
  /// request.
  bool no_open = false;
};

const fuse_lowlevel_ops& callbacks();

}  // namespace fs
