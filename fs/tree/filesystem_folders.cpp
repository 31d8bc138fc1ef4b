// Folders that are made, renamed and removed.

#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"

#include <fmt/format.h>

#include <cerrno>

namespace fs {

void Filesystem::check_changeable(Ino directory) const {
  if (settings_.read_only) throw TreeError(EROFS, "the mount is read-only");
  if (view_of(directory) == View::own) throw TreeError(EPERM, "this directory is the mount's own");
}

Attributes Filesystem::make_directory(Ino parent, std::string_view name, Interrupt& /*interrupt*/) {
  check_changeable(parent);
  throw TreeError(EPERM, fmt::format("cannot make {}: folders cannot be changed", name));
}

void Filesystem::remove_directory(Ino parent, std::string_view name, Interrupt& /*interrupt*/) {
  check_changeable(parent);
  throw TreeError(EPERM, fmt::format("cannot remove {}: folders cannot be changed", name));
}

void Filesystem::rename(const Place& from, const Place& to, unsigned flags, Interrupt& interrupt) {
  check_changeable(from.parent);
  check_changeable(to.parent);
  if (mail_.folders()->child(folder(from.parent).id, from.name) == nullptr) {
    return rename_message(from, to, flags, interrupt);
  }
  throw TreeError(EPERM, fmt::format("cannot rename {}: folders cannot be changed", from.name));
}

}  // namespace fs
