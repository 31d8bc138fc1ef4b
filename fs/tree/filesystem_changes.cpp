// Messages that are moved and removed.

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "fs/mail/folder_names.h"
#include "fs/tree/draft_names.h"
#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"

#include <fmt/format.h>
#include <linux/fs.h>

#include <cerrno>

namespace fs {

std::vector<std::string> Filesystem::begin_changes() {
  mail_.begin_changes([inodes = inodes_](const MessageKey& from, const MessageKey& to) {
    inodes->bind(inodes->ino_of(from), to);
  });
  return drafts_.are_possible() ? drafts_.adopt() : std::vector<std::string>();
}

void Filesystem::sync(Interrupt& interrupt) {
  mail_.sync(interrupt);
}

void Filesystem::unlink(const Place& place, Interrupt& interrupt) {
  check_changeable(place.parent);
  const auto directory = folder(place.parent);
  if (mail_.folders()->child(directory.id, place.name) != nullptr) {
    throw TreeError(EISDIR, fmt::format("{} is a folder", place.name));
  }
  if (unlink_draft(place, interrupt)) return;
  bool done = false;
  while (!done) {
    const auto key = find_message(directory, place.name, interrupt);
    if (!key) throw NotFoundError(fmt::format("there is no {}", place.name));
    done = mail_.remove(*key, interrupt);
  }
}

void Filesystem::rename_message(const Place& from, const Place& to, unsigned flags,
                                Interrupt& interrupt) {
  if (rename_draft(from, to, flags, interrupt)) return;
  if ((flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) {
    throw TreeError(EINVAL, "messages cannot be exchanged");
  }
  const auto source = folder(from.parent);
  const auto target = folder(to.parent);
  if (to.name.size() > kMaxName) throw TreeError(ENAMETOOLONG, "the name is too long");
  if (fate_of(to.name) == Fate::refused || to.name.starts_with('.')) {
    throw TreeError(EPERM, fmt::format("a message cannot be called {}", to.name));
  }
  if (mail_.folders()->child(target.id, to.name) != nullptr) {
    throw TreeError(EISDIR, fmt::format("{} is a folder", to.name));
  }
  if (!target.selectable) {
    throw TreeError(EPERM, fmt::format("the folder {} can hold no messages", target.name));
  }
  bool done = false;
  while (!done) {
    const auto key = find_message(source, from.name, interrupt);
    if (!key) throw NotFoundError(fmt::format("there is no {}", from.name));
    const auto replaced = find_message(target, to.name, interrupt);
    // Two names of one message: nothing is to be done (rename(2)).
    if (replaced == key) return;
    if (replaced && (flags & RENAME_NOREPLACE) != 0) {
      throw TreeError(EEXIST, fmt::format("there is a {} already", to.name));
    }
    if (replaced) check_replaceable(from, to, target, *replaced);
    const std::string name(to.name);
    const bool stays = source.id == target.id && key->mailbox == target.id.value;
    if (replaced && !stays && !mail_.is_online()) {
      throw TreeError(ENETUNREACH, "a message takes the place of another one on the server only");
    }
    if (stays) {
      mail_.aliases().erase(source.id, from.name);
      mail_.aliases().put(target.id, imap::Uid{key->uid}, name);
      done = true;
    } else {
      done = mail_.move(*key, target, name, interrupt);
      if (done && replaced) finish_move(*key, interrupt);
      // Back where it is on the server it has its old names, and this one.
      if (done && key->mailbox == target.id.value) {
        mail_.aliases().put(target.id, imap::Uid{key->uid}, name,
                            uid_of(name) == key->uid ? Aliases::Shown::no : Aliases::Shown::yes);
      }
    }
    // Only when the new one is there: a crash in between leaves both.
    if (done && replaced) mail_.remove(*replaced, interrupt);
  }
}

/// What is to take the place of another message has to be there before that goes: throws when it is
/// not. One that is still on its way then gets there, and the other one stays.
void Filesystem::finish_move(const MessageKey& key, Interrupt& interrupt) {
  mail_.finish_changes(key, interrupt);
  const auto row = mail_.cached_message(MailboxId{key.mailbox}, Uid{key.uid});
  // Without UIDPLUS the original stays, marked and hidden.
  if (!row || mail_.pending().hides(key, *row)) return;
  mail_.sync(interrupt);
  throw TreeError(EIO, "the message could not be moved, so what is there stays");
}

/// A name that a message has by itself is that of another message in another folder by chance:
/// nobody who moves `8.eml` to where there is an `8.eml` wants the mail that is there deleted.
void Filesystem::check_replaceable(const Place& from, const Place& to, const Folder& directory,
                                   const MessageKey& replaced) const {
  if (from.parent == to.parent || from.name != to.name || !uid_of(to.name)) return;
  const bool was_given = mail_.pending().arrival(directory.id, to.name) == replaced ||
                         mail_.aliases().find(directory.id, to.name) == imap::Uid{replaced.uid};
  if (was_given) return;
  throw TreeError(EEXIST,
                  fmt::format("{} is another message, which has this name because of its UID: "
                              "choose another name",
                              to.name));
}

}  // namespace fs
