// New files: made, written, and sent when they are closed.

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "fs/tree/draft_names.h"
#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

namespace fs {

Attributes Filesystem::attributes_of(const Draft& draft) {
  Attributes attributes;
  attributes.ino = draft.ino();
  attributes.kind = Kind::draft;
  attributes.size = draft.size();
  attributes.time = draft.time();
  return attributes;
}

std::optional<Attributes> Filesystem::find_draft(const Folder& directory,
                                                 std::string_view name) const {
  if (!drafts_.are_possible()) return std::nullopt;
  const auto draft = drafts_.find({directory.id, std::string(name)});
  return draft ? std::optional(attributes_of(*draft)) : std::nullopt;
}

Drafts::Place Filesystem::draft_place(const Place& place) const {
  const auto& [parent, name] = place;
  if (view_of(parent) == View::own) {
    throw TreeError(EPERM, fmt::format("{}: nothing can be put there", OwnFiles::kDirectory));
  }
  const auto directory = folder(parent);
  if (!drafts_.are_possible()) throw TreeError(EROFS, "nothing can be written here");
  if (name.size() > kMaxName) throw TreeError(ENAMETOOLONG, "the name is too long");
  if (fate_of(name) == Fate::refused) {
    throw TreeError(EPERM, fmt::format("{}: such files do not belong into a mailbox", name));
  }
  if (!directory.selectable) {
    throw TreeError(EPERM, fmt::format("{}: {} holds folders only", name,
                                       directory.name.empty() ? "the account" : directory.name));
  }
  return {directory.id, std::string(name)};
}

Attributes Filesystem::create(const Place& place, Existing existing, Interrupt& interrupt) {
  check_changeable(place.parent);
  const auto where = draft_place(place);
  const auto known = lookup(place.parent, place.name, interrupt);
  if (known && (existing == Existing::refused || known->kind != Kind::draft)) {
    throw TreeError(EEXIST, fmt::format("{} is there already", place.name));
  }
  const auto draft = drafts_.create(where);
  if (existing == Existing::emptied && draft->size() != 0) draft->truncate(0);
  return attributes_of(*draft);
}

void Filesystem::write(Ino ino, std::uint64_t offset, std::span<const std::byte> octets,
                       WriteAt where, Interrupt& interrupt, std::uint64_t owner) {
  const auto draft = drafts_.find_writable(ino, interrupt);
  if (!draft) {
    throw TreeError(
        EPERM, "a message cannot be written to: write a new file, and rename it over this one");
  }
  // Where a message ends is not where the file ended that it was made of.
  where == WriteAt::end ? draft->append(octets, owner) : draft->write(offset, octets, owner);
}

void Filesystem::synchronise(Ino ino, Interrupt& interrupt) {
  const auto draft = drafts_.find(ino);
  draft ? drafts_.store(draft, interrupt) : sync(interrupt);
}

void Filesystem::flush(Ino ino, std::uint64_t owner, Interrupt& interrupt) {
  // Every close of every file comes here.
  if (!is_draft(ino)) return;
  const auto draft = drafts_.find(ino);
  if (draft && draft->concerns(owner)) drafts_.close(draft, interrupt);
}

Attributes Filesystem::set_attributes(Ino ino, const AttributeChanges& changes,
                                      Interrupt& interrupt) {
  if (const auto draft = drafts_.find(ino)) {
    if (changes.size.value_or(0) != 0) drafts_.materialise(*draft, interrupt);
    if (changes.size) draft->truncate(*changes.size);
    if (changes.time) draft->set_time(*changes.time);
    return attributes_of(*draft);
  }
  const auto known = attributes(ino, interrupt);
  if (changes.size && *changes.size != known.size) {
    throw TreeError(EPERM,
                    "a message cannot be cut: write a new file, and rename it over this one");
  }
  return known;
}

void Filesystem::allocate(Ino ino, std::uint64_t offset, std::uint64_t length,
                          Interrupt& interrupt) {
  const auto draft = drafts_.find(ino);
  if (!draft) throw TreeError(EOPNOTSUPP, "only a new file can be given room");
  drafts_.materialise(*draft, interrupt);
  draft->allocate(offset, length);
}

std::uint64_t Filesystem::copy(const Position& from, const Position& to, std::uint64_t length) {
  const auto key = message_of(from.ino);
  const auto draft = drafts_.find(to.ino);
  if (!key || !draft || drafts_.find(from.ino) || from.offset != 0 || to.offset != 0) {
    throw TreeError(EOPNOTSUPP, "only a message can be copied, into a new file");
  }
  const auto row = mail_.cached_message(MailboxId{key->mailbox}, Uid{key->uid});
  if (!row || row->size == 0 || length < row->size || mail_.pending().is_removed(*key) ||
      !draft->become_copy({from.ino, row->size})) {
    throw TreeError(EOPNOTSUPP, "only a message as a whole can be copied, into an empty file");
  }
  return row->size;
}

bool Filesystem::rename_draft(const Place& from, const Place& to, unsigned flags,
                              Interrupt& interrupt) {
  const auto draft = drafts_.find({folder(from.parent).id, std::string(from.name)});
  if (!draft) return false;
  if ((flags & ~unsigned{RENAME_NOREPLACE}) != 0) {
    throw TreeError(EINVAL, "a new file cannot be exchanged for another one");
  }
  const auto target = draft_place(to);
  if (drafts_.place_of(draft->ino()) == target) return true;
  const auto existing = lookup(to.parent, to.name, interrupt);
  if (existing && flags != 0) throw TreeError(EEXIST, fmt::format("{} is there already", to.name));
  if (existing && existing->kind == Kind::directory) {
    throw TreeError(EISDIR, fmt::format("{} is a folder", to.name));
  }
  drafts_.wait_until_idle(*draft, interrupt);
  // Stored in between, it is a message.
  if (!drafts_.place_of(draft->ino())) return false;
  const bool is_message = existing && existing->kind == Kind::message;
  const auto replaced = is_message ? message_of(existing->ino) : std::nullopt;
  if (replaced) check_replaceable(from, to, folder(to.parent), *replaced);
  const bool is_empty = draft->size() == 0;
  if (is_empty && replaced) {
    throw TreeError(EINVAL, fmt::format("{} is empty and replaces no message", from.name));
  }
  if (is_empty || (fate_of(to.name) == Fate::scratch && !replaced)) {
    drafts_.move(*draft, target);
    return true;
  }
  // One that is still on its way here is somewhere else on the server.
  // The server has no way to let a copy take its place in one step.
  const bool is_here = replaced && replaced->mailbox == target.folder.value && !draft->original();
  drafts_.store_at(draft, target, is_here ? std::optional(Uid{replaced->uid}) : std::nullopt,
                   interrupt);
  // Where the server makes one of two that are the same, it is the new one as well.
  if (replaced && !is_here && draft->stored() != replaced) mail_.remove(*replaced, interrupt);
  return true;
}

bool Filesystem::unlink_draft(const Place& place, Interrupt& interrupt) {
  const auto draft = drafts_.find({folder(place.parent).id, std::string(place.name)});
  if (!draft) return false;
  drafts_.wait_until_idle(*draft, interrupt);
  if (!drafts_.place_of(draft->ino())) return false;
  drafts_.remove(*draft);
  return true;
}

std::filesystem::path Filesystem::path_of(MailboxId folder) const {
  const auto tree = mail_.folders();
  std::filesystem::path path;
  for (const auto* at = tree->find(folder); at != nullptr && !at->name.empty();
       at = tree->find(at->parent)) {
    path = path.empty() ? std::filesystem::path(at->name) : at->name / path;
  }
  return path;
}

std::vector<std::string> Filesystem::rescue_drafts() const {
  return drafts_.rescue([this](MailboxId folder) { return path_of(folder); });
}

}  // namespace fs
