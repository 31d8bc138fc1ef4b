#include "fs/tree/drafts.h"

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "fs/tree/draft_names.h"
#include "fs/tree/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace fs {
namespace {

/// Octets that are read of a message at once.
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20U;

}  // namespace

Drafts::Drafts(MailStore& mail, InodeMap& inodes, Settings settings)
    : mail_(mail), inodes_(inodes), settings_(std::move(settings)) {}

void Drafts::announce_to(std::shared_ptr<KernelCache> kernel) {
  kernel_.with([&kernel](auto& known) { known = std::move(kernel); });
}

// --- The table --------------------------------------------------------------------------------

std::shared_ptr<Draft> Drafts::create(const Place& place) {
  const auto serial = table_.with([](Table& table) { return ++table.last; });
  auto draft = std::make_shared<Draft>(draft_ino(serial), settings_.directory);
  return table_.with([&](Table& table) {
    const auto [at, fresh] = table.names.emplace(place, serial);
    // Somebody else was faster; what counts is that there is one.
    if (!fresh) return table.entries.at(at->second).draft;
    table.entries.emplace(serial, Entry{draft, place});
    return draft;
  });
}

std::shared_ptr<Draft> Drafts::find(const Place& place) const {
  return table_.with([&](const Table& table) -> std::shared_ptr<Draft> {
    const auto found = table.names.find(place);
    return found == table.names.end() ? nullptr : table.entries.at(found->second).draft;
  });
}

std::optional<Drafts::Entry> Drafts::entry(Ino ino) const {
  if (!is_draft(ino)) return std::nullopt;
  return table_.with([&](const Table& table) -> std::optional<Entry> {
    const auto found = table.entries.find(serial_of(ino));
    return found == table.entries.end() ? std::nullopt : std::optional(found->second);
  });
}

std::shared_ptr<Draft> Drafts::find(Ino ino) const {
  const auto found = entry(ino);
  return found && found->stage != Stage::stored ? found->draft : nullptr;
}

std::shared_ptr<Draft> Drafts::find_writable(Ino ino, Interrupt& interrupt) {
  const auto draft = reopen(ino);
  if (draft) materialise(*draft, interrupt);
  return draft;
}

std::shared_ptr<Draft> Drafts::reopen(Ino ino) {
  if (!is_draft(ino)) return nullptr;
  return table_.with([&](Table& table) -> std::shared_ptr<Draft> {
    const auto found = table.entries.find(serial_of(ino));
    if (found == table.entries.end()) return nullptr;
    auto& entry = found->second;
    if (entry.stage == Stage::stored) {
      entry.stage = Stage::reopened;
      table.stored.remove_if([&](const auto& one) { return one.first == found->first; });
    }
    return entry.draft;
  });
}

std::optional<Drafts::Place> Drafts::place_of(Ino ino) const {
  const auto found = entry(ino);
  return found && found->stage == Stage::draft ? std::optional(found->place) : std::nullopt;
}

void Drafts::visit(
    MailboxId folder, std::uint32_t after,
    const std::function<bool(const std::string& name, const Draft& draft)>& visit) const {
  const auto some = table_.with([&](const Table& table) {
    std::vector<Entry> found;
    for (auto at = table.entries.upper_bound(after); at != table.entries.end(); ++at) {
      const auto& entry = at->second;
      if (entry.stage == Stage::draft && entry.place.folder == folder) found.push_back(entry);
    }
    return found;
  });
  for (const auto& entry : some) {
    if (!visit(entry.place.name, *entry.draft)) return;
  }
}

void Drafts::move(const Draft& draft, const Place& place) {
  table_.with([&](Table& table) {
    const auto found = table.entries.find(serial_of(draft.ino()));
    if (found == table.entries.end() || found->second.stage != Stage::draft) return;
    if (const auto other = table.names.find(place);
        other != table.names.end() && other->second != found->first) {
      table.entries.at(other->second).stage = Stage::removed;
    }
    table.names.erase(found->second.place);
    table.names.insert_or_assign(place, found->first);
    found->second.place = place;
  });
}

void Drafts::remove(const Draft& draft) {
  table_.with([&](Table& table) {
    const auto found = table.entries.find(serial_of(draft.ino()));
    if (found == table.entries.end() || found->second.stage != Stage::draft) return;
    table.names.erase(found->second.place);
    found->second.stage = Stage::removed;
  });
}

void Drafts::release(Ino ino) {
  if (!is_draft(ino)) return;
  table_.with([&](Table& table) {
    const auto found = table.entries.find(serial_of(ino));
    if (found == table.entries.end() || found->second.stage != Stage::stored) return;
    table.stored.remove_if([&](const auto& one) { return one.first == found->first; });
    table.entries.erase(found);
  });
}

void Drafts::forget(Ino ino) {
  release(ino);
  if (!is_draft(ino)) return;
  table_.with([&](Table& table) {
    const auto found = table.entries.find(serial_of(ino));
    if (found != table.entries.end() && found->second.stage == Stage::removed) {
      table.entries.erase(found);
    }
  });
}

// --- Storing ----------------------------------------------------------------------------------

void Drafts::store(const std::shared_ptr<Draft>& draft, Interrupt& interrupt) {
  const auto known = entry(draft->ino());
  if (!known || known->stage == Stage::removed) return;
  if (known->stage == Stage::draft && fate_of(known->place.name) == Fate::scratch) return;
  store_at(draft, known->place, std::nullopt, interrupt);
}

void Drafts::store_at(const std::shared_ptr<Draft>& draft, const Place& place,
                      std::optional<Uid> replaces, Interrupt& interrupt) {
  while (true) {
    const auto step = draft->begin();
    if (step.begun) return deliver(draft, *step.begun, place, replaces, interrupt);
    if (!step.running) return;
    // Whoever closes it at the same time hears the same; then there may be more to store.
    step.running->wait(mail_.timeout(), interrupt.token());
  }
}

void Drafts::wait_until_idle(const Draft& draft, Interrupt& interrupt) const {
  while (const auto running = draft.running()) {
    while (!running->wait_until(imap::Deadline::after(mail_.timeout()), interrupt.token())) {
      if (interrupt.token().stop_requested()) throw TreeError(EINTR, "interrupted");
      throw TreeError(EBUSY, "the file is being stored");
    }
  }
}

void Drafts::deliver(const std::shared_ptr<Draft>& draft, const Draft::Version& version,
                     const Place& place, std::optional<Uid> replaces, Interrupt& interrupt) {
  std::shared_ptr<Delivery> delivery;
  try {
    try {
      delivery = start(draft, version, place, replaces, interrupt);
    } catch (...) {
      draft->ended(version, {{}, std::current_exception(), version.doubtful_from});
      throw;
    }
    mail_.wait_for(*delivery, interrupt);
  } catch (const NotAMessageError& error) {
    throw TreeError(EINVAL, fmt::format("{} is not a message: {}", place.name, error.what()));
  }
}

std::shared_ptr<Delivery> Drafts::start(const std::shared_ptr<Draft>& draft,
                                        const Draft::Version& version, const Place& place,
                                        std::optional<Uid> replaces, Interrupt& interrupt) {
  auto on_end = [this, draft, version, place](const Delivery::Outcome& outcome) {
    if (!outcome.error && outcome.stored) settle(*draft, version, place, *outcome.stored);
    draft->ended(version, outcome);
  };
  if (version.original) {
    const auto source = find_original(version.original->ino, interrupt);
    return mail_.copy({source, place.folder, version.doubtful_from}, std::move(on_end));
  }
  NewMail mail{place.folder, std::make_shared<NewMessage>(version.content), version.time, replaces,
               version.doubtful_from};
  if (version.stored && version.stored->mailbox == place.folder.value) {
    mail.replaces = Uid{version.stored->uid};
  }
  return mail_.deliver(std::move(mail), std::move(on_end));
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
void Drafts::settle(const Draft& draft, const Draft::Version& version, const Place& place,
                    const MessageKey& key) {
  const auto serial = serial_of(draft.ino());
  const bool is_current = draft.is_current(version);
  const auto size = version.content->size();
  const auto original = version.original ? inodes_.message_of(version.original->ino) : std::nullopt;
  // A name that the message had by itself need not be seen in another folder.
  const bool is_own =
      original && original->mailbox != key.mailbox && fs::uid_of(place.name) == original->uid;
  mail_.aliases().put(place.folder, Uid{key.uid}, place.name,
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

// --- The end ----------------------------------------------------------------------------------

std::vector<std::string> Drafts::rescue(
    const std::function<std::filesystem::path(MailboxId)>& path_of) const {
  const auto entries = table_.with([](const Table& table) { return table.entries; });
  std::vector<std::string> told;
  for (const auto& [serial, entry] : entries) {
    const bool is_kept = entry.stage == Stage::draft || entry.stage == Stage::reopened;
    if (!is_kept || fate_of(entry.place.name) == Fate::scratch) continue;
    const auto name = (path_of(entry.place.folder) / entry.place.name).string();
    try {
      if (!entry.draft->is_unsent()) continue;
      if (entry.draft->original()) {
        told.push_back(
            fmt::format("{} is not on the server; the message that it was copied from is", name));
        continue;
      }
      const auto saved = save(entry, path_of(entry.place.folder));
      told.push_back(
          fmt::format("{} is not on the server; what was written is in {}", name, saved.string()));
    } catch (const std::exception& error) {
      told.push_back(fmt::format("{} is not on the server and is lost: {}", name, error.what()));
    }
  }
  return told;
}

std::filesystem::path Drafts::save(const Entry& entry, const std::filesystem::path& folder) const {
  const auto directory = settings_.lost / folder;
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(settings_.lost, std::filesystem::perms::owner_all);
  auto path = directory / entry.place.name;
  for (int more = 2;; ++more) {
    try {
      entry.draft->save_as(path);
      return path;
    } catch (const std::system_error& error) {
      if (error.code().value() != EEXIST) throw;
    }
    path = directory / fmt::format("{}.{}", entry.place.name, more);
  }
}

}  // namespace fs
