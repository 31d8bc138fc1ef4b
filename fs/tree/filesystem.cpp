#include "fs/tree/filesystem.h"

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
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
constexpr std::uint64_t kDrafts = std::uint64_t{1} << 30U;
constexpr std::uint64_t kArrivals = std::uint64_t{1} << 31U;
constexpr std::uint64_t kMessages = std::uint64_t{1} << 32U;

constexpr std::uint64_t offset_of(cache::MailboxId folder) {
  return kFolders + folder.value;
}
std::uint64_t offset_of(const Draft& draft) {
  return kDrafts + serial_of(draft.ino());
}
/// Of a message that is on its way here.
constexpr std::uint64_t offset_of(cache::RecordId arrival) {
  return kArrivals + arrival.value % (kMessages - kArrivals);
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
    : mail_(mail),
      settings_(std::move(settings)),
      own_(settings_.status, settings_.mounted_at),
      drafts_(mail_, *inodes_, settings_.drafts) {}

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

Attributes Filesystem::attributes_of(cache::MailboxId mailbox, const cache::MessageRow& row) const {
  Attributes attributes;
  attributes.ino = inodes_->ino_of({mailbox.value, row.uid});
  // Somebody goes on writing what has become this message.
  if (const auto draft = drafts_.find(attributes.ino)) return attributes_of(*draft);
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

Attributes Filesystem::attributes_of_departed(const MessageKey& key, Ino ino) const {
  const auto departed = mail_.departed(cache::MailboxId{key.mailbox}, imap::Uid{key.uid});
  if (!departed) throw StaleError(fmt::format("message {} is gone", key.uid));
  Attributes attributes;
  attributes.ino = ino;
  attributes.size = departed->size;
  attributes.time = departed->internal_date;
  attributes.links = 0;
  return attributes;
}

std::optional<Attributes> Filesystem::lookup(Ino parent, std::string_view name,
                                             Interrupt& interrupt) {
  if (name.size() > kMaxName) throw TreeError(ENAMETOOLONG, "the name is too long");
  if (view_of(parent) == View::own) return own_.lookup(name);
  if (parent == kRootIno && name == OwnFiles::kDirectory) return own_.directory();
  auto directory = folder(parent);
  auto tree = mail_.folders();
  if (const auto* child = tree->child(directory.id, name)) return attributes_of(*child);
  if (const auto draft = find_draft(directory, name)) return draft;
  if (const auto key = find_message(directory, name, interrupt)) {
    return attributes_of_message(*key, inodes_->ino_of(*key), interrupt);
  }
  if (uid_of(name)) return std::nullopt;
  if (name.starts_with('.') || is_probe_name(name)) return std::nullopt;
  mail_.freshen_folders(interrupt);
  tree = mail_.folders();
  const auto* child = tree->child(directory.id, name);
  return child == nullptr ? std::nullopt : std::optional(attributes_of(*child));
}

Attributes Filesystem::attributes(Ino ino, Interrupt& interrupt) {
  if (view_of(ino) == View::own) return own_.attributes(ino);
  if (const auto draft = drafts_.find(ino)) return attributes_of(*draft);
  const auto key = message_of(ino);
  return key ? attributes_of_message(*key, ino, interrupt) : attributes_of(folder(ino));
}

Attributes Filesystem::attributes_of_message(const MessageKey& key, Ino ino, Interrupt& interrupt) {
  const cache::MailboxId mailbox{key.mailbox};
  const auto row = mail_.cached_message(mailbox, imap::Uid{key.uid});
  if (!row) return attributes_of_departed(key, ino);
  auto attributes = sized_attributes_of(mailbox, *row, interrupt);
  if (mail_.pending().is_removed(key)) attributes.links = 0;
  return attributes;
}

std::optional<MessageKey> Filesystem::find_message(const Folder& directory, std::string_view name,
                                                   Interrupt& interrupt) {
  if (!directory.selectable) return std::nullopt;
  if (const auto coming = mail_.pending().arrival(directory.id, name)) return coming;
  if (const auto uid = mail_.aliases().find(directory.id, name)) {
    if (mail_.find_message(directory.id, *uid, interrupt)) {
      return MessageKey{directory.id.value, uid->value};
    }
  }
  const auto uid = uid_of(name);
  if (!uid) return std::nullopt;
  const auto row = mail_.find_message(directory.id, imap::Uid{*uid}, interrupt);
  if (!row) return std::nullopt;
  // The plain UID always resolves, whatever the template; another text before it is another name.
  if (name != fmt::format("{}.eml", *uid) && name != shown_name(directory.id, *row)) {
    return std::nullopt;
  }
  return MessageKey{directory.id.value, *uid};
}

std::string Filesystem::shown_name(cache::MailboxId mailbox, const cache::MessageRow& row) const {
  const auto chosen = mail_.aliases().shown(mailbox, imap::Uid{row.uid});
  return chosen ? *chosen : naming().name_of(row);
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

bool Filesystem::is_settled(Ino ino) const {
  if (view_of(ino) == View::own) return false;
  const auto directory = folder(ino);
  const auto id = directory.id;
  bool has_drafts = false;
  drafts_.visit(id, 0, [&has_drafts](const std::string&, const Draft&) {
    has_drafts = true;
    return false;
  });
  return !has_drafts && (!directory.selectable || mail_.is_settled(id));
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
  bool full = false;
  const auto after = offset <= kDrafts ? 0 : static_cast<std::uint32_t>(offset - kDrafts);
  if (offset < kArrivals) {
    drafts_.visit(directory.id, after, [&](const std::string& draft_name, const Draft& draft) {
      may_wait = MailStore::MayWait::no;
      full = !add({draft_name, attributes_of(draft), offset_of(draft)});
      return !full;
    });
  }
  if (full) return;
  for (const auto& coming : mail_.pending().arrivals(directory.id)) {
    const auto next = offset_of(coming.id);
    const auto row =
        mail_.cached_message(cache::MailboxId{coming.key.mailbox}, imap::Uid{coming.key.uid});
    if (next <= offset || !row) continue;
    auto attributes = attributes_of(cache::MailboxId{coming.key.mailbox}, *row);
    if (!add({coming.name, attributes, next})) return;
    may_wait = MailStore::MayWait::no;
  }
  const bool has_names = mail_.aliases().any_shown(directory.id);
  std::string name;
  mail_.visit_messages(
      directory.id, below_of(offset), may_wait, interrupt, [&](const cache::MessageRow& row) {
        name = has_names ? shown_name(directory.id, row) : naming().name_of(row);
        return add({name, attributes_of(directory.id, row), offset_of(imap::Uid{row.uid})});
      });
}

void Filesystem::read(Ino ino, std::uint64_t offset, std::uint64_t length, Interrupt& interrupt,
                      const std::function<void(const MailStore::Piece&)>& consume) {
  if (view_of(ino) == View::own) return own_.read(ino, offset, length, consume);
  const auto draft = drafts_.find(ino);
  const auto original = draft ? draft->original() : std::nullopt;
  if (draft && !original) {
    const auto octets = draft->read(offset, length);
    const auto piece = std::as_bytes(std::span(octets));
    return consume({std::span(&piece, 1)});
  }
  const auto key = message_of(original ? original->ino : ino);
  if (!key) throw TreeError(EISDIR, "a directory cannot be read");
  mail_.read(cache::MailboxId{key->mailbox}, imap::Uid{key->uid}, offset, length, interrupt,
             consume);
}

std::optional<std::vector<std::byte>> Filesystem::cached_content(Ino ino,
                                                                 std::uint64_t most) const {
  const auto key = is_draft(ino) ? std::nullopt : message_of(ino);
  if (!key) return std::nullopt;
  return mail_.cached_body(cache::MailboxId{key->mailbox}, imap::Uid{key->uid}, most);
}

Filesystem::Usage Filesystem::usage() const {
  const auto totals = mail_.totals();
  return {totals.bytes, totals.messages};
}

}  // namespace fs
