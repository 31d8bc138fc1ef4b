#include "fs/fuse/callbacks.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace fs {
namespace {

double seconds(std::chrono::seconds lifetime) {
  return static_cast<double>(lifetime.count());
}

void on_init(void* userdata, fuse_conn_info* connection) {
  const auto want = [connection](unsigned capability) {
    if ((connection->capable & capability) != 0) connection->want |= capability;
  };
  // Every readdir fills names and attributes: without them `ls -l` costs a request for each file.
  want(FUSE_CAP_READDIRPLUS);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_READDIRPLUS_AUTO);
  want(FUSE_CAP_PARALLEL_DIROPS);
  want(FUSE_CAP_ASYNC_READ);
  want(FUSE_CAP_NO_OPEN_SUPPORT);
  static_cast<FuseContext*>(userdata)->no_open =
      (connection->capable & FUSE_CAP_NO_OPEN_SUPPORT) != 0;
  // Bodies never change: nothing but this program invalidates them.
  want(FUSE_CAP_EXPLICIT_INVAL_DATA);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA);
  // There is no open to go with: what empties a file has to come by itself.
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_ATOMIC_O_TRUNC);
}

void on_lookup(fuse_req_t raw, fuse_ino_t parent, const char* name) {
  answer(raw, "lookup", [&](Request& request) {
    auto& fuse = context(request);
    const auto found = fuse.filesystem.lookup(Ino{parent}, name, request);
    if (found) return request.entry(entry_of(fuse, *found));
    // A negative entry: the kernel remembers that there is none.
    fuse_entry_param none{};
    none.entry_timeout = seconds(fuse.filesystem.lifetimes().no_entry);
    request.entry(none);
  });
}

void on_getattr(fuse_req_t raw, fuse_ino_t ino, fuse_file_info* /*info*/) {
  answer(raw, "getattr", [&](Request& request) {
    auto& fuse = context(request);
    const auto entry = entry_of(fuse, fuse.filesystem.attributes(Ino{ino}, request));
    request.attributes(entry.attr, entry.attr_timeout);
  });
}

void on_open(fuse_req_t raw, fuse_ino_t /*ino*/, fuse_file_info* info) {
  answer(raw, "open", [&](Request& request) {
    // Nothing hangs on an open: the kernel need not ask again, and keeps pages by itself.
    if (context(request).no_open) return request.error(ENOSYS);
    info->keep_cache = 1;
    request.opened(*info);
  });
}

void on_read(fuse_req_t raw, fuse_ino_t ino, std::size_t size, off_t offset,
             fuse_file_info* /*info*/) {
  answer(raw, "read", [&](Request& request) {
    auto& fuse = context(request);
    fuse.filesystem.read(Ino{ino}, static_cast<std::uint64_t>(offset), size, request,
                         [&](const MailStore::Piece& piece) {
                           // The kernel cuts cached reads at the size it knows. With fresh
                           // attributes it goes on past a size that was too small. Attributes only
                           // (negative offset): that takes no lock of the pages being read, so it
                           // may be done from here, and has to be done before the answer.
                           if (piece.has_grown)
                             fuse_lowlevel_notify_inval_inode(fuse.session, ino, -1, 0);
                           request.octets(piece.octets);
                         });
  });
}

void on_opendir(fuse_req_t raw, fuse_ino_t ino, fuse_file_info* info) {
  answer(raw, "opendir", [&](Request& request) {
    auto& fuse = context(request);
    fuse.filesystem.open_directory(Ino{ino}, request);
    // The kernel lists it by itself as long as nothing has changed but by its own doing.
    if (fuse.filesystem.is_settled(Ino{ino})) {
      info->cache_readdir = 1;
      info->keep_cache = fuse.notifier.is_same_listing(Ino{ino}) ? 1 : 0;
    }
    request.opened(*info);
  });
}

/// Fills a reply of at most `size` octets with what `append(place, left, entry)` makes of entries.
template <class Append>
void fill_directory(Request& request, fuse_ino_t ino, std::size_t size, off_t offset,
                    Append&& append) {
  std::vector<char> buffer(size);
  std::size_t used = 0;
  context(request).filesystem.read_directory(
      Ino{ino}, static_cast<std::uint64_t>(offset), request, [&](const Filesystem::Entry& entry) {
        const auto needed = append(buffer.data() + used, size - used, entry);
        if (needed > size - used) return false;
        used += needed;
        return true;
      });
  request.buffer({buffer.data(), used});
}

void on_readdir(fuse_req_t raw, fuse_ino_t ino, std::size_t size, off_t offset,
                fuse_file_info* /*info*/) {
  answer(raw, "readdir", [&](Request& request) {
    const auto& ownership = context(request).ownership;
    std::string name;
    fill_directory(request, ino, size, offset,
                   [&](char* place, std::size_t left, const Filesystem::Entry& entry) {
                     name = entry.name;
                     const auto stat = to_stat(entry.attributes, ownership);
                     return fuse_add_direntry(raw, place, left, name.c_str(), &stat,
                                              static_cast<off_t>(entry.next));
                   });
  });
}

void on_readdirplus(fuse_req_t raw, fuse_ino_t ino, std::size_t size, off_t offset,
                    fuse_file_info* /*info*/) {
  answer(raw, "readdirplus", [&](Request& request) {
    const auto& fuse = context(request);
    std::string name;
    fill_directory(request, ino, size, offset,
                   [&](char* place, std::size_t left, const Filesystem::Entry& entry) {
                     name = entry.name;
                     auto param = entry_of(fuse, entry.attributes);
                     // Without an inode number the kernel takes the name only and asks for the
                     // rest.
                     if (!entry.attributes.size_known) param.ino = 0;
                     return fuse_add_direntry_plus(raw, place, left, name.c_str(), &param,
                                                   static_cast<off_t>(entry.next));
                   });
  });
}

void on_statfs(fuse_req_t raw, fuse_ino_t /*ino*/) {
  answer(raw, "statfs", [](Request& request) {
    constexpr std::uint64_t kBlock = 4096;
    // What the server has left is not known, and file managers do not even begin to copy to where
    // nothing is free.
    constexpr std::uint64_t kFree = (std::uint64_t{1} << 40U) / kBlock;
    const auto& filesystem = context(request).filesystem;
    const auto usage = filesystem.usage();
    const auto free = filesystem.is_read_only() ? 0 : kFree;
    struct statvfs statistics {};
    statistics.f_bsize = kBlock;
    statistics.f_frsize = kBlock;
    statistics.f_bfree = statistics.f_bavail = free;
    statistics.f_blocks = (usage.bytes + kBlock - 1) / kBlock + free;
    statistics.f_ffree = statistics.f_favail = free;
    statistics.f_files = usage.files + free;
    statistics.f_namemax = kMaxName;
    request.statistics(statistics);
  });
}

void reply_value(Request& request, std::string_view value, std::size_t size) {
  if (size == 0) return request.size(value.size());
  if (value.size() > size) return request.error(ERANGE);
  request.buffer(value);
}

void on_getxattr(fuse_req_t raw, fuse_ino_t ino, const char* name, std::size_t size) {
  answer(raw, "getxattr", [&](Request& request) {
    reply_value(request, context(request).filesystem.attribute(Ino{ino}, name), size);
  });
}

void on_listxattr(fuse_req_t raw, fuse_ino_t ino, std::size_t size) {
  answer(raw, "listxattr", [&](Request& request) {
    std::string list;
    for (const auto& name : context(request).filesystem.attribute_names(Ino{ino})) {
      list += name;
      list += '\0';
    }
    reply_value(request, list, size);
  });
}

}  // namespace

fuse_entry_param entry_of(const FuseContext& context, const Attributes& attributes) {
  const auto& lifetimes = context.filesystem.lifetimes();
  fuse_entry_param entry{};
  entry.ino = attributes.ino.value;
  entry.attr = to_stat(attributes, context.ownership);
  switch (attributes.kind) {
    case Kind::directory:
      entry.attr_timeout = seconds(lifetimes.directory_attributes);
      entry.entry_timeout = seconds(lifetimes.directory_entry);
      break;
    case Kind::message:
      entry.attr_timeout = seconds(lifetimes.message_attributes);
      entry.entry_timeout = seconds(lifetimes.message_entry);
      break;
    case Kind::draft:
      // It changes while it is written, and may be a message a moment later.
      entry.attr_timeout = entry.entry_timeout = 0;
      break;
    case Kind::own_file:
      entry.attr_timeout = seconds(lifetimes.message_attributes);  // nor does this one change
      entry.entry_timeout = seconds(lifetimes.own_file_entry);
      break;
  }
  return entry;
}

const fuse_lowlevel_ops& callbacks() {
  static const fuse_lowlevel_ops ops = [] {
    fuse_lowlevel_ops made{};
    made.init = on_init;
    made.lookup = on_lookup;
    made.getattr = on_getattr;
    made.open = on_open;
    made.read = on_read;
    made.opendir = on_opendir;
    made.readdir = on_readdir;
    made.readdirplus = on_readdirplus;
    made.statfs = on_statfs;
    made.getxattr = on_getxattr;
    made.listxattr = on_listxattr;
    add_change_callbacks(made);
    add_draft_callbacks(made);
    return made;
  }();
  return ops;
}

}  // namespace fs
