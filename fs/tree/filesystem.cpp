#include "fs/tree/filesystem.h"

#include "fs/mail/errors.h"
#include "fs/mail/folder_names.h"
#include "fs/tree/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace fs {
namespace {

// Offsets in a directory: 1 and 2 are `.` and `..`, folders follow by id, messages by descending
// UID.
constexpr std::uint64_t kFolders = 2;
constexpr std::uint64_t kMessages = std::uint64_t{1} << 32U;

constexpr std::uint64_t offset_of(cache::MailboxId folder) {
  return kFolders + folder.value;
}
constexpr std::uint64_t offset_of(imap::Uid uid) {
  return kMessages + (kMessages - uid.value);
}
/// The messages that come after an offset are those below this UID; 0: all.
constexpr std::uint32_t below_of(std::uint64_t offset) {
  return offset <= kMessages ? 0 : static_cast<std::uint32_t>(kMessages - (offset - kMessages));
}

/// Size that is shown of directories; no program makes anything of it.
constexpr std::uint64_t kDirectorySize = 4096;

}  // namespace

Filesystem::Filesystem(MailStore& mail, Settings settings)
    : mail_(mail), settings_(std::move(settings)), own_(settings_.status, settings_.mounted_at) {}

Folder Filesystem::folder(Ino ino) const {
  const auto tree = mail_.folders();
  const auto* found = ino == kRootIno ? naming().root(*tree) : tree->find(mailbox_of(ino));
  if (found == nullptr || is_message(ino) || view_of(ino) != View::mail)
    throw StaleError("the folder is gone");
  return *found;
}

Attributes Filesystem::attributes_of(const Folder& folder) const {
  Attributes attributes;
  attributes.ino = naming().ino_of(folder);
  attributes.kind = Kind::directory;
  attributes.size = kDirectorySize;
  attributes.time = mail_.last_change(folder.id).value_or(settings_.mounted_at);
  // `find` takes two links for a directory without directories in it.
  attributes.links = static_cast<std::uint32_t>(2 + folder.children.size());
  return attributes;
}

Attributes Filesystem::attributes_of(cache::MailboxId mailbox, const cache::MessageRow& row) {
  Attributes attributes;
  attributes.ino = ino_of(mailbox, imap::Uid{row.uid});
  attributes.kind = Kind::message;
  attributes.size = row.size;
  attributes.size_known = row.size != 0 || row.size_exact;
  attributes.time = row.internal_date;
  return attributes;
}

Attributes Filesystem::sized_attributes_of(cache::MailboxId mailbox, const cache::MessageRow& row,
                                           Interrupt& interrupt) {
  auto attributes = attributes_of(mailbox, row);
  if (!attributes.size_known) {
    attributes.size = mail_.learn_size(mailbox, imap::Uid{row.uid}, interrupt);
  }
  return attributes;
}

Attributes Filesystem::attributes_of_departed(Ino ino) const {
  const auto departed = mail_.departed(mailbox_of(ino), uid_of(ino));
  if (!departed) throw StaleError(fmt::format("message {} is gone", uid_of(ino).value));
  Attributes attributes;
  attributes.ino = ino;
  attributes.size = departed->size;
  attributes.time = departed->internal_date;
  attributes.links = 0;
  return attributes;
}

std::optional<Attributes> Filesystem::lookup(Ino parent, std::string_view name,
                                             Interrupt& interrupt) {
  if (view_of(parent) == View::own) return own_.lookup(name);
  if (parent == kRootIno && name == OwnFiles::kDirectory) return own_.directory();
  auto directory = folder(parent);
  auto tree = mail_.folders();
  if (const auto* child = tree->child(directory.id, name)) return attributes_of(*child);
  if (const auto uid = uid_of(name)) {
    if (!directory.selectable) return std::nullopt;
    const auto row = mail_.find_message(directory.id, imap::Uid{*uid}, interrupt);
    if (!row) return std::nullopt;
    // The plain UID always resolves, whatever the template; another text before it is another name.
    if (name != fmt::format("{}.eml", *uid) && name != naming().name_of(*row)) return std::nullopt;
    return sized_attributes_of(directory.id, *row, interrupt);
  }
  if (name.starts_with('.') || is_probe_name(name)) return std::nullopt;
  mail_.freshen_folders(interrupt);
  tree = mail_.folders();
  const auto* child = tree->child(directory.id, name);
  return child == nullptr ? std::nullopt : std::optional(attributes_of(*child));
}

Attributes Filesystem::attributes(Ino ino, Interrupt& interrupt) {
  if (view_of(ino) == View::own) return own_.attributes(ino);
  if (!is_message(ino)) return attributes_of(folder(ino));
  const auto row = mail_.cached_message(mailbox_of(ino), uid_of(ino));
  if (!row) return attributes_of_departed(ino);
  return sized_attributes_of(mailbox_of(ino), *row, interrupt);
}

void Filesystem::open_directory(Ino ino, Interrupt& interrupt) {
  if (view_of(ino) == View::own) return;
  mail_.freshen_folders(interrupt);
  const auto directory = folder(ino);
  if (!directory.selectable) return;
  mail_.freshen(directory.id, interrupt);
  // With a new UIDVALIDITY it is another directory; the kernel looks it up again when told so here.
  static_cast<void>(folder(ino));
}

void Filesystem::read_directory(Ino ino, std::uint64_t offset, Interrupt& interrupt,
                                const std::function<bool(const Entry&)>& add) {
  if (view_of(ino) == View::own) {
    return own_.read_directory(offset, attributes_of(folder(kRootIno)), add);
  }
  const auto directory = folder(ino);
  const auto tree = mail_.folders();
  if (offset < 1 && !add({".", attributes_of(directory), 1})) return;
  if (offset < 2) {
    const auto* parent = ino == kRootIno ? &directory : tree->find(directory.parent);
    if (parent != nullptr && !add({"..", attributes_of(*parent), 2})) return;
  }
  auto may_wait = offset < 2 ? MailStore::MayWait::no : MailStore::MayWait::yes;
  for (const auto id : directory.children) {
    const auto next = offset_of(id);
    const auto* child = tree->find(id);
    if (next <= offset || child == nullptr) continue;
    if (!add({child->name, attributes_of(*child), next})) return;
    may_wait = MailStore::MayWait::no;
  }
  if (!directory.selectable) return;
  std::string name;
  mail_.visit_messages(
      directory.id, below_of(offset), may_wait, interrupt, [&](const cache::MessageRow& row) {
        name = naming().name_of(row);
        return add({name, attributes_of(directory.id, row), offset_of(imap::Uid{row.uid})});
      });
}

void Filesystem::read(Ino ino, std::uint64_t offset, std::uint64_t length, Interrupt& interrupt,
                      const std::function<void(const MailStore::Piece&)>& consume) {
  if (view_of(ino) == View::own) return own_.read(ino, offset, length, consume);
  if (!is_message(ino)) throw TreeError(EISDIR, "a directory cannot be read");
  mail_.read(mailbox_of(ino), uid_of(ino), offset, length, interrupt, consume);
}

Filesystem::Usage Filesystem::usage() const {
  const auto totals = mail_.totals();
  return {totals.bytes, totals.messages};
}

}  // namespace fs
