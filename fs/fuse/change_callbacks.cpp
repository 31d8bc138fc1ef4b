// mkdir, rmdir and rename.

#include "fs/fuse/callbacks.h"

namespace fs {
namespace {

void on_mkdir(fuse_req_t raw, fuse_ino_t parent, const char* name, mode_t /*mode*/) {
  answer(raw, "mkdir", [&](Request& request) {
    auto& fuse = context(request);
    request.entry(entry_of(fuse, fuse.filesystem.make_directory(Ino{parent}, name, request)));
  });
}

void on_rmdir(fuse_req_t raw, fuse_ino_t parent, const char* name) {
  answer(raw, "rmdir", [&](Request& request) {
    context(request).filesystem.remove_directory(Ino{parent}, name, request);
    request.ok();
  });
}

void on_rename(fuse_req_t raw, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
               const char* new_name, unsigned flags) {
  answer(raw, "rename", [&](Request& request) {
    context(request).filesystem.rename({Ino{parent}, name}, {Ino{new_parent}, new_name}, flags,
                                       request);
    request.ok();
  });
}

}  // namespace

void add_change_callbacks(fuse_lowlevel_ops& ops) {
  ops.mkdir = on_mkdir;
  ops.rmdir = on_rmdir;
  ops.rename = on_rename;
}

}  // namespace fs
