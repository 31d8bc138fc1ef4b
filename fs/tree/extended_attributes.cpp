// Extended attributes: what is known of a message without its body.

#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"
#include "imap/base/flags.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>

namespace fs {
namespace {

std::string flags_text(const cache::MessageRow& row) {
  static constexpr std::array<std::pair<imap::Flags::Bit, std::string_view>, 5> kNames{{
      {imap::Flags::seen, "\\Seen"},
      {imap::Flags::answered, "\\Answered"},
      {imap::Flags::flagged, "\\Flagged"},
      {imap::Flags::deleted, "\\Deleted"},
      {imap::Flags::draft, "\\Draft"},
  }};
  std::string text;
  const auto append = [&text](std::string_view name) {
    if (!text.empty()) text += ' ';
    text += name;
  };
  for (const auto& [bit, name] : kNames) {
    if ((row.flags & bit) != 0) append(name);
  }
  for (const auto& keyword : row.keywords) append(keyword);
  return text;
}

constexpr std::string_view kFlags = "user.imap.flags";

struct NamedValue {
  std::string_view name;
  std::string (*value)(const cache::MessageRow&);
};

/// A message has those whose value is not empty, and always its flags.
constexpr std::array<NamedValue, 9> kAttributes{{
    {"user.imap.uid",
     [](const cache::MessageRow& row) {
       return fmt::format("{}", row.uid);
     }},
    {kFlags, flags_text},
    {"user.imap.subject",
     [](const cache::MessageRow& row) {
       return row.subject;
     }},
    {"user.imap.from",
     [](const cache::MessageRow& row) {
       return row.from_name.empty() || row.from_address.empty()
                  ? row.from_name + row.from_address
                  : fmt::format("{} <{}>", row.from_name, row.from_address);
     }},
    {"user.imap.to",
     [](const cache::MessageRow& row) {
       return row.to;
     }},
    {"user.imap.date",
     [](const cache::MessageRow& row) {
       return row.date;
     }},
    {"user.imap.message-id",
     [](const cache::MessageRow& row) {
       return row.message_id;
     }},
    {"user.imap.list-id",
     [](const cache::MessageRow& row) {
       return row.list_id;
     }},
    {"user.mime_type",
     [](const cache::MessageRow&) {
       return std::string("message/rfc822");
     }},
}};

bool is_present(const NamedValue& attribute, const std::string& value) {
  return !value.empty() || attribute.name == kFlags;
}

/// Not among the others because the row alone does not tell it: `1` or `0`.
constexpr std::string_view kCached = "user.imap.cached";

}  // namespace

std::vector<std::string> Filesystem::attribute_names(Ino ino) const {
  std::vector<std::string> names;
  const auto key = message_of(ino);
  if (!key) return names;
  const auto row = mail_.cached_message(cache::MailboxId{key->mailbox}, imap::Uid{key->uid});
  if (!row) return names;
  for (const auto& attribute : kAttributes) {
    if (is_present(attribute, attribute.value(*row))) names.emplace_back(attribute.name);
  }
  names.emplace_back(kCached);
  return names;
}

std::string Filesystem::attribute(Ino ino, std::string_view name) const {
  // ls asks for security.* and system.* of one file after the other until it hears that there are
  // none here at all.
  if (!name.starts_with("user.")) throw TreeError(EOPNOTSUPP, "only user.* attributes");
  if (const auto key = message_of(ino)) {
    const cache::MailboxId mailbox{key->mailbox};
    const imap::Uid uid{key->uid};
    if (const auto row = mail_.cached_message(mailbox, uid)) {
      for (const auto& attribute : kAttributes) {
        if (attribute.name != name) continue;
        auto value = attribute.value(*row);
        if (is_present(attribute, value)) return value;
      }
      if (name == kCached) return mail_.is_body_cached(mailbox, uid) ? "1" : "0";
    }
  }
  throw TreeError(ENODATA, fmt::format("no attribute {}", name));
}

void Filesystem::set_attribute(Ino ino, std::string_view name, std::string_view value,
                               Interrupt& interrupt) {
  if (settings_.read_only) throw TreeError(EROFS, "the mount is read-only");
  if (name != kFlags) {
    throw TreeError(ENOTSUP, fmt::format("the attribute {} cannot be set", name));
  }
  // Whoever has closed it takes it for a message.
  const auto draft = drafts_.find(ino);
  if (draft && draft->is_in_journal()) drafts_.store(draft, interrupt);
  bool done = false;
  while (!done) {
    const auto key = message_of(ino);
    if (!key) throw TreeError(ENODATA, "only messages have flags");
    const auto row = mail_.cached_message(cache::MailboxId{key->mailbox}, imap::Uid{key->uid});
    if (!row) throw StaleError(fmt::format("message {} is gone", key->uid));
    const auto edit = parse_flags(value, {row->flags, row->keywords});
    if (!edit) throw TreeError(EINVAL, fmt::format("these are no flags: {}", value));
    done = *edit == FlagsEdit{} || mail_.set_flags(*key, *edit, interrupt);
  }
}

}  // namespace fs
