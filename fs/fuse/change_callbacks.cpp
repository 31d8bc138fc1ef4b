// mkdir, rmdir, rename, unlink, setxattr and fsyncdir.

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

void on_unlink(fuse_req_t raw, fuse_ino_t parent, const char* name) {
  answer(raw, "unlink", [&](Request& request) {
    context(request).filesystem.unlink({Ino{parent}, name}, request);
    request.ok();
  });
}

void on_setxattr(fuse_req_t raw, fuse_ino_t ino, const char* name, const char* value,
                 std::size_t size, int /*flags*/) {
  answer(raw, "setxattr", [&](Request& request) {
    context(request).filesystem.set_attribute(Ino{ino}, name, {value, size}, request);
    request.ok();
  });
}

void on_fsyncdir(fuse_req_t raw, fuse_ino_t /*ino*/, int /*datasync*/, fuse_file_info* /*info*/) {
  answer(raw, "fsyncdir", [&](Request& request) {
    context(request).filesystem.sync(request);
    request.ok();
  });
}

}  // namespace

void add_change_callbacks(fuse_lowlevel_ops& ops) {
  ops.mkdir = on_mkdir;
  ops.rmdir = on_rmdir;
  ops.rename = on_rename;
  ops.unlink = on_unlink;
  ops.setxattr = on_setxattr;
  ops.fsyncdir = on_fsyncdir;
}

}  // namespace fs
