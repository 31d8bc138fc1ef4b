#include "fs/tree/drafts.h"

#include "fs/mail/file_names.h"
#include "fs/tree/draft_names.h"
#include "fs/tree/errors.h"

#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <system_error>

namespace fs {

Drafts::Drafts(MailStore& mail, InodeMap& inodes, Settings settings)
    : mail_(mail), inodes_(inodes), settings_(std::move(settings)) {}

void Drafts::announce_to(std::shared_ptr<KernelCache> kernel) {
  kernel_.with([&kernel](auto& known) { known = std::move(kernel); });
}

// --- The table --------------------------------------------------------------------------------

Ino Drafts::next_ino() {
  return draft_ino(table_.with([](Table& table) { return ++table.last; }));
}

std::shared_ptr<Draft> Drafts::create(const Place& place) {
  return insert(place, std::make_shared<Draft>(next_ino(), settings_.directory));
}

std::shared_ptr<Draft> Drafts::insert(const Place& place, const std::shared_ptr<Draft>& draft) {
  const auto serial = serial_of(draft->ino());
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

void Drafts::move(Draft& draft, const Place& place) {
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
  // It stands there under its old name.
  drop_letter(draft);
}

void Drafts::remove(Draft& draft) {
  const bool removed = table_.with([&](Table& table) {
    const auto found = table.entries.find(serial_of(draft.ino()));
    if (found == table.entries.end() || found->second.stage != Stage::draft) return false;
    table.names.erase(found->second.place);
    found->second.stage = Stage::removed;
    return true;
  });
  if (removed) drop_letter(draft);
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

// --- From mount to mount
// ----------------------------------------------------------------------------------

std::vector<std::string> Drafts::adopt() {
  std::vector<std::string> told;
  for (const auto& [id, row] : mail_.left_letters()) {
    try {
      const auto draft = std::make_shared<Draft>(next_ino(), settings_.directory);
      draft->append(std::as_bytes(std::span(row.octets)));
      draft->set_time(row.time);
      if (adopt(id, row, draft)) continue;
      const auto saved = save({draft, {FolderTree::kRoot, row.name}}, row.mailbox);
      mail_.drop(id);
      told.push_back(fmt::format("{} has no place in {} any more; what was written is in {}",
                                 row.name, row.mailbox, saved.string()));
    } catch (const std::exception& error) {
      told.push_back(fmt::format("{} is not stored in {}, another mount will try again: {}",
                                 row.name, row.mailbox, error.what()));
    }
  }
  return told;
}

bool Drafts::adopt(LetterId id, const cache::LetterRow& row, const std::shared_ptr<Draft>& draft) {
  const auto tree = mail_.folders();
  const auto* folder = tree->find_wire(row.mailbox);
  if (folder == nullptr || !folder->selectable) return false;
  const Place place{folder->id, row.name};
  const auto begun = draft->begin().begun;
  if (!begun || insert(place, draft) != draft) return false;
  NewMail mail{place.folder, std::make_shared<NewMessage>(begun->content), row.time};
  mail.doubtful_from = mail_.floor_of(row);
  mail.name = row.name;
  draft->set_letter(id, *begun);
  mail_.send_later({std::move(mail), on_end_of(draft, *begun, place), id});
  return true;
}

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
      if (entry.draft->is_in_journal()) {
        told.push_back(fmt::format(
            "{} is not on the server: the next mount of this account tries to store it", name));
        continue;
      }
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
