// Folders that are made, renamed and removed.

#include "fs/mail/file_names.h"
#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

namespace fs {

void Filesystem::check_changeable(Ino directory) const {
  if (settings_.read_only) throw TreeError(EROFS, "the mount is read-only");
  if (view_of(directory) == View::own) throw TreeError(EPERM, "this directory is the mount's own");
}

void Filesystem::check_changeable(const Place& place) const {
  check_changeable(place.parent);
  if (place.parent == kRootIno && place.name == OwnFiles::kDirectory) {
    throw TreeError(EPERM, fmt::format("{} is the mount's own", place.name));
  }
}

Attributes Filesystem::make_directory(Ino parent, std::string_view name, Interrupt& interrupt) {
  check_changeable({parent, name});
  const auto within = folder(parent);
  if (mail_.folders()->child(within.id, name) != nullptr) {
    throw TreeError(EEXIST, fmt::format("{} is there", name));
  }
  return attributes_of(folder(ino_of(mail_.make_folder(within.id, name, interrupt))));
}

void Filesystem::remove_directory(Ino parent, std::string_view name, Interrupt& interrupt) {
  check_changeable({parent, name});
  const auto tree = mail_.folders();
  const auto* directory = tree->child(folder(parent).id, name);
  if (directory == nullptr) {
    throw TreeError(uid_of(name) ? ENOTDIR : ENOENT, fmt::format("there is no folder {}", name));
  }
  mail_.remove_folder(directory->id, interrupt);
}

void Filesystem::rename(const Place& from, const Place& to, unsigned flags, Interrupt& interrupt) {
  check_changeable(from);
  check_changeable(to);
  const auto tree = mail_.folders();
  const auto* directory = tree->child(folder(from.parent).id, from.name);
  if (directory == nullptr) return rename_message(from, to, flags, interrupt);
  if ((flags & ~unsigned{RENAME_NOREPLACE}) != 0) {
    throw TreeError(EINVAL, "folders cannot change places in one step");
  }
  using Replace = MailStore::Replace;
  mail_.rename_folder(directory->id, folder(to.parent).id, to.name,
                      (flags & RENAME_NOREPLACE) != 0 ? Replace::no : Replace::yes, interrupt);
}

}  // namespace fs
