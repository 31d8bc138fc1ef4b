#include "fs/mail/new_folder_name.h"

#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "fs/mail/folder_names.h"
#include "imap/base/mailbox_name.h"
#include "imap/base/utf8.h"

#include <fmt/format.h>

#include <optional>

namespace fs {
namespace {

using Reason = ChangeRefusedError::Reason;

constexpr std::string_view kNoText = "it is not UTF-8, or has control characters";

[[noreturn]] void refuse(Reason reason, std::string_view entry, std::string_view why) {
  throw ChangeRefusedError(reason, fmt::format("a folder cannot be called {}: {}", entry, why));
}

/// UTF-8 without control characters.
bool is_text(std::string_view text) {
  while (!text.empty()) {
    const auto unit = imap::first_utf8(text);
    if (!unit.character || imap::is_control(*unit.character)) return false;
    text.remove_prefix(unit.length);
  }
  return true;
}

/// One level, in UTF-8.
std::string component_of(std::string_view entry) {
  if (entry.size() > kMaxName) refuse(Reason::name_too_long, entry, "it is too long");
  // Trash cans, version control, caches of thumbnails, views.
  if (entry.starts_with('.')) {
    refuse(Reason::not_permitted, entry, "programs make such directories for themselves");
  }
  if (!is_text(entry)) refuse(Reason::invalid, entry, kNoText);
  const auto component = unescape_component(entry);
  if (!component && entry.find('%') == std::string_view::npos) {
    refuse(Reason::invalid, entry, "only a message ends in .eml");
  }
  if (!component || component->is_raw == RawOctets::yes) {
    refuse(Reason::invalid, entry,
           "a percent sign is written %25, and nothing that needs no escape is escaped");
  }
  if (component->octets.empty()) refuse(Reason::invalid, entry, "it is empty");
  if (component->octets.starts_with('.')) {
    refuse(Reason::not_permitted, entry, "it begins with a dot");
  }
  if (!is_text(component->octets)) refuse(Reason::invalid, entry, kNoText);
  return composed(component->octets);
}

}  // namespace

std::string new_wire_name(const Folder& parent, const Hierarchy& hierarchy,
                          std::string_view entry) {
  const auto component = component_of(entry);
  const bool is_first = parent.id == FolderTree::kRoot;
  const auto delimiter = is_first ? hierarchy.delimiter : parent.delimiter;
  if (delimiter && component.find(*delimiter) != std::string::npos) {
    refuse(Reason::invalid, entry,
           fmt::format("{} stands between the levels of names at this server", *delimiter));
  }
  const auto wire = imap::encode_modified_utf7(component);
  if (is_first) {
    if (imap::is_inbox(wire)) refuse(Reason::exists, entry, "INBOX is there");
    return hierarchy.prefix + wire;
  }
  const auto refuse_within = [&](std::string_view why) {
    throw ChangeRefusedError(Reason::not_permitted,
                             fmt::format("no folder can be in {}: {}", parent.name, why));
  };
  if (!delimiter) refuse_within("this server has no folders in folders");
  if (!parent.may_have_folders) refuse_within("the server says so (\\Noinferiors)");
  auto prefix = parent.wire_name + *delimiter;
  if (prefix == hierarchy.prefix) refuse_within("this server has all folders beside it");
  return prefix + wire;
}

bool has_excess_space(std::string_view wire_name) {
  return wire_name.starts_with(' ') || wire_name.ends_with(' ') ||
         wire_name.find("  ") != std::string_view::npos ||
         wire_name.find("/ ") != std::string_view::npos ||
         wire_name.find(" /") != std::string_view::npos;
}

}  // namespace fs
