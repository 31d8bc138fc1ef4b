// Making files and writing them.

#include "fs/fuse/callbacks.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <span>

namespace fs {
namespace {

void on_create(fuse_req_t raw, fuse_ino_t parent, const char* name, mode_t /*mode*/,
               fuse_file_info* info) {
  answer(raw, "create", [&](Request& request) {
    using Existing = Filesystem::Existing;
    auto& fuse = context(request);
    auto existing = (info->flags & O_TRUNC) != 0 ? Existing::emptied : Existing::kept;
    if ((info->flags & O_EXCL) != 0) existing = Existing::refused;
    const auto made = fuse.filesystem.create({Ino{parent}, name}, existing, request);
    // What is written does not go through the kernel's pages, which would show it after the server
    // has made something else of it.
    info->direct_io = 1;
    request.created(entry_of(fuse, made), *info);
  });
}

void on_write(fuse_req_t raw, fuse_ino_t ino, const char* octets, std::size_t size, off_t offset,
              fuse_file_info* info) {
  answer(raw, "write", [&](Request& request) {
    const bool at_end = (info->flags & O_APPEND) != 0;
    context(request).filesystem.write(
        Ino{ino}, static_cast<std::uint64_t>(offset), std::as_bytes(std::span(octets, size)),
        at_end ? Filesystem::WriteAt::end : Filesystem::WriteAt::offset, request, info->lock_owner);
    request.written(size);
  });
}

void on_flush(fuse_req_t raw, fuse_ino_t ino, fuse_file_info* info) {
  answer(raw, "close", [&](Request& request) {
    auto& fuse = context(request);
    // The kernel does not ask again.
    if (fuse.filesystem.is_read_only()) return request.error(ENOSYS);
    fuse.filesystem.flush(Ino{ino}, info->lock_owner, request);
    request.ok();
  });
}

void on_fsync(fuse_req_t raw, fuse_ino_t ino, int /*data_only*/, fuse_file_info* /*info*/) {
  answer(raw, "fsync", [&](Request& request) {
    context(request).filesystem.synchronise(Ino{ino}, request);
    request.ok();
  });
}

void on_setattr(fuse_req_t raw, fuse_ino_t ino, struct stat* wanted, int what,
                fuse_file_info* /*info*/) {
  answer(raw, "setattr", [&](Request& request) {
    auto& fuse = context(request);
    Filesystem::AttributeChanges changes;
    if ((what & FUSE_SET_ATTR_SIZE) != 0)
      changes.size = static_cast<std::uint64_t>(wanted->st_size);
    if ((what & FUSE_SET_ATTR_MTIME) != 0) changes.time = wanted->st_mtim.tv_sec;
    if ((what & FUSE_SET_ATTR_MTIME_NOW) != 0) changes.time = std::time(nullptr);
    const auto entry = entry_of(fuse, fuse.filesystem.set_attributes(Ino{ino}, changes, request));
    request.attributes(entry.attr, entry.attr_timeout);
  });
}

void on_fallocate(fuse_req_t raw, fuse_ino_t ino, int mode, off_t offset, off_t length,
                  fuse_file_info* /*info*/) {
  answer(raw, "fallocate", [&](Request& request) {
    if (mode != 0) return request.error(EOPNOTSUPP);
    context(request).filesystem.allocate(Ino{ino}, static_cast<std::uint64_t>(offset),
                                         static_cast<std::uint64_t>(length), request);
    request.ok();
  });
}

void on_copy_file_range(fuse_req_t raw, fuse_ino_t source, off_t source_offset,
                        fuse_file_info* /*source_info*/, fuse_ino_t target, off_t target_offset,
                        fuse_file_info* /*target_info*/, std::size_t length, int /*flags*/) {
  answer(raw, "copy_file_range", [&](Request& request) {
    request.written(context(request).filesystem.copy(
        {Ino{source}, static_cast<std::uint64_t>(source_offset)},
        {Ino{target}, static_cast<std::uint64_t>(target_offset)}, length));
  });
}

void on_release(fuse_req_t raw, fuse_ino_t ino, fuse_file_info* /*info*/) {
  // Kernels tell of it only where CREATE has opened the file, and older ones not even then.
  answer(raw, "release", [&](Request& request) {
    context(request).filesystem.released(Ino{ino});
    request.ok();
  });
}

void on_forget(fuse_req_t raw, fuse_ino_t ino, std::uint64_t /*count*/) {
  // Nothing is counted: the kernel forgets a file all at once.
  static_cast<FuseContext*>(fuse_req_userdata(raw))->filesystem.forgotten(Ino{ino});
  fuse_reply_none(raw);
}

}  // namespace

void add_draft_callbacks(fuse_lowlevel_ops& ops) {
  ops.create = on_create;
  ops.write = on_write;
  ops.flush = on_flush;
  ops.fsync = on_fsync;
  ops.setattr = on_setattr;
  ops.fallocate = on_fallocate;
  ops.copy_file_range = on_copy_file_range;
  ops.release = on_release;
  ops.forget = on_forget;
}

}  // namespace fs
