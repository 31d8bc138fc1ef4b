// mkdir, rmdir, rename, unlink, setxattr and fsyncdir, and what there is not.

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

// An account has folders and messages, and each message once: these would be answered with ENOSYS
// otherwise, which tools do not expect.

void on_symlink(fuse_req_t raw, const char* /*target*/, fuse_ino_t /*parent*/,
                const char* /*name*/) {
  answer(raw, "symlink", [](Request& request) { request.error(EPERM); });
}

void on_mknod(fuse_req_t raw, fuse_ino_t /*parent*/, const char* /*name*/, mode_t /*mode*/,
              dev_t /*device*/) {
  answer(raw, "mknod", [](Request& request) { request.error(EPERM); });
}

void on_link(fuse_req_t raw, fuse_ino_t /*ino*/, fuse_ino_t /*parent*/, const char* /*name*/) {
  answer(raw, "link", [](Request& request) { request.error(EPERM); });
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
  ops.symlink = on_symlink;
  ops.mknod = on_mknod;
  ops.link = on_link;
  ops.setxattr = on_setxattr;
  ops.fsyncdir = on_fsyncdir;
}

}  // namespace fs
