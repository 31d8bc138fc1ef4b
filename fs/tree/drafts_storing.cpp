// Drafts become messages.

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "fs/tree/draft_names.h"
#include "fs/tree/drafts.h"
#include "fs/tree/errors.h"

#include <fmt/format.h>

#include <cerrno>
#include <span>

namespace fs {
namespace {

/// Octets that are read of a message at once.
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20U;

}  // namespace

std::optional<Drafts::Place> Drafts::storable_place(const Draft& draft) const {
  const auto known = entry(draft.ino());
  if (!known || known->stage == Stage::removed) return std::nullopt;
  if (known->stage == Stage::draft && fate_of(known->place.name) == Fate::scratch) {
    return std::nullopt;
  }
  return known->place;
}

void Drafts::store(const std::shared_ptr<Draft>& draft, Interrupt& interrupt) {
  if (const auto place = storable_place(*draft)) store_at(draft, *place, std::nullopt, interrupt);
}

void Drafts::close(const std::shared_ptr<Draft>& draft, Interrupt& interrupt) {
  // One that is on its way already gets there.
  if (draft->is_in_journal() && draft->running()) return;
  if (const auto place = storable_place(*draft)) {
    store_at(draft, *place, std::nullopt, interrupt, Wait::if_doubtful);
  }
}

void Drafts::store_at(const std::shared_ptr<Draft>& draft, const Place& place,
                      std::optional<Uid> replaces, Interrupt& interrupt, Wait wait) {
  while (true) {
    const auto step = draft->begin();
    if (step.begun) return deliver(draft, *step.begun, place, replaces, interrupt, wait);
    if (!step.running) return;
    // Whoever closes it at the same time hears the same; then there may be more to store.
    if (const auto letter = draft->letter()) mail_.finish(*letter, interrupt);
    step.running->wait(mail_.timeout(), interrupt.token());
  }
}

void Drafts::wait_until_idle(const Draft& draft, Interrupt& interrupt) const {
  while (const auto running = draft.running()) {
    const auto letter = draft.letter();
    if (letter && mail_.withdraw(*letter)) continue;
    while (!running->wait_until(imap::Deadline::after(mail_.timeout()), interrupt.token())) {
      if (interrupt.token().stop_requested()) throw TreeError(EINTR, "interrupted");
      throw TreeError(EBUSY, "the file is being stored");
    }
  }
}

void Drafts::deliver(const std::shared_ptr<Draft>& draft, const Draft::Version& version,
                     const Place& place, std::optional<Uid> replaces, Interrupt& interrupt,
                     Wait wait) {
  std::shared_ptr<Delivery> delivery;
  try {
    try {
      delivery = start(draft, version, place, replaces, interrupt, wait);
    } catch (...) {
      draft->ended(version, {{}, std::current_exception(), version.doubtful_from});
      throw;
    }
    if (delivery) mail_.wait_for(*delivery, interrupt);
  } catch (const NotAMessageError& error) {
    throw TreeError(EINVAL, fmt::format("{} is not a message: {}", place.name, error.what()));
  }
}

std::shared_ptr<Delivery> Drafts::start(const std::shared_ptr<Draft>& draft,
                                        const Draft::Version& version, const Place& place,
                                        std::optional<Uid> replaces, Interrupt& interrupt,
                                        Wait wait) {
  auto on_end = on_end_of(draft, version, place);
  if (version.original) {
    const auto source = find_original(version.original->ino, interrupt);
    return mail_.copy({source, place.folder, version.doubtful_from}, std::move(on_end));
  }
  NewMail mail{place.folder,          std::make_shared<NewMessage>(version.content),
               version.time,          replaces,
               version.doubtful_from, place.name};
  if (version.stored && version.stored->mailbox == place.folder.value) {
    mail.replaces = Uid{version.stored->uid};
  }
  if (wait == Wait::if_doubtful && mail_.will_take(mail)) {
    drop_letter(*draft);
    std::string octets(version.content->size(), '\0');
    version.content->read(0, std::as_writable_bytes(std::span(octets)));
    const auto id = mail_.keep(mail, std::move(octets));
    draft->set_letter(id, version);
    mail_.send_later({std::move(mail), std::move(on_end), id});
    return nullptr;
  }
  return mail_.deliver(std::move(mail), std::move(on_end));
}

Delivery::OnEnd Drafts::on_end_of(const std::shared_ptr<Draft>& draft,
                                  const Draft::Version& version, const Place& place) {
  return [this, draft, version, place](const Delivery::Outcome& outcome) {
    if (!outcome.error && outcome.stored) settle(*draft, version, place, *outcome.stored);
    draft->ended(version, outcome);
  };
}

void Drafts::drop_letter(Draft& draft) {
  if (const auto letter = draft.take_letter()) mail_.drop(*letter);
}

/// Where the server has it when what was done to it before has been done there.
MessageKey Drafts::find_original(Ino ino, Interrupt& interrupt) {
  while (true) {
    const auto key = inodes_.message_of(ino);
    if (!key) throw StaleError("the message that was copied is gone");
    if (!mail_.pending().has_changes(*key)) return *key;
    mail_.finish_changes(*key, interrupt);
  }
}

void Drafts::materialise(Draft& draft, Interrupt& interrupt) {
  const auto original = draft.original();
  if (!original) return;
  const auto key = inodes_.message_of(original->ino);
  if (!key) throw StaleError("the message that was copied is gone");
  auto content = std::make_shared<Spool>(settings_.directory);
  std::uint64_t got = 0;
  do {
    const auto offset = content->size();
    got = 0;
    mail_.read(MailboxId{key->mailbox}, Uid{key->uid}, offset, kPiece, interrupt,
               [&](const MailStore::Piece& piece) {
                 for (const auto& octets : piece.octets) {
                   content->write(offset + got, octets);
                   got += octets.size();
                 }
               });
  } while (got == kPiece);
  draft.give_content(std::move(content));
}

/// On the connection's thread: whoever closed the file may have stopped waiting.
void Drafts::settle(Draft& draft, const Draft::Version& version, const Place& place,
                    const MessageKey& key) {
  const auto serial = serial_of(draft.ino());
  const bool is_current = draft.is_current(version);
  const auto size = version.content->size();
  const auto original = version.original ? inodes_.message_of(version.original->ino) : std::nullopt;
  // A name that the message had by itself need not be seen in another folder.
  const bool is_own =
      original && original->mailbox != key.mailbox && fs::uid_of(place.name) == original->uid;
  mail_.aliases().put(MailboxId{key.mailbox}, Uid{key.uid}, place.name,
                      is_own ? Aliases::Shown::no : Aliases::Shown::yes);
  inodes_.bind(draft.ino(), key);
  table_.with([&](Table& table) {
    const auto found = table.entries.find(serial);
    if (found == table.entries.end()) return;
    auto& entry = found->second;
    if (const auto named = table.names.find(entry.place);
        named != table.names.end() && named->second == serial) {
      table.names.erase(named);
    }
    if (const auto other = table.names.find(place); other != table.names.end()) {  // replaced
      table.entries.at(other->second).stage = Stage::removed;
      table.names.erase(other);
    }
    entry.place = place;
    entry.stage = is_current ? Stage::stored : Stage::reopened;
    if (!is_current) return;
    table.stored.emplace_back(serial, size);
    drop_oldest(table);
  });
  // What the kernel has of the file is what was written, and the server may have something else.
  const auto kernel = kernel_.with([](const auto& known) { return known; });
  if (kernel && is_current) kernel->content_changed(draft.ino());
  // Of an earlier attempt that was refused.
  drop_letter(draft);
}

void Drafts::drop_oldest(Table& table) {
  std::uint64_t bytes = 0;
  for (const auto& [serial, size] : table.stored) bytes += size;
  while (table.stored.size() > 1 &&
         (table.stored.size() > kMostStored || bytes > kMostStoredBytes)) {
    bytes -= table.stored.front().second;
    table.entries.erase(table.stored.front().first);
    table.stored.pop_front();
  }
}

}  // namespace fs
