#include "tests/imap/transcripts/describe.h"

#include "imap/base/errors.h"
#include "tests/imap/transcripts/transcript.h"

#include <fmt/format.h>

namespace tests {
namespace {

/// Collects `name value` pairs, leaving out those that say nothing.
class Words {
 public:
  Words& add(std::string_view word) {
    if (!word.empty()) text_ += (text_.empty() ? "" : " ") + std::string(word);
    return *this;
  }
  template <class Number>
  Words& add(std::string_view name, const std::optional<Number>& value) {
    return value ? add(fmt::format("{} {}", name, *value)) : *this;
  }
  template <class Tag, class Number>
  Words& add(std::string_view name, imap::Id<Tag, Number> id) {
    return id.value != 0 ? add(fmt::format("{} {}", name, id.value)) : *this;
  }
  Words& add(std::string_view name, const std::string& value) {
    return value.empty() ? *this : add(fmt::format("{} {}", name, printable(value)));
  }
  Words& add_if(bool condition, std::string_view word) { return condition ? add(word) : *this; }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

template <class Error>
bool is(const std::exception& error) {
  return dynamic_cast<const Error*>(&error) != nullptr;
}

std::string_view kind_of(const imap::Error& error) {
  if (is<imap::CommandError>(error)) return "CommandError";
  if (is<imap::AuthenticationError>(error)) return "AuthenticationError";
  if (is<imap::UnsupportedError>(error)) return "UnsupportedError";
  if (is<imap::LimitError>(error)) return "LimitError";
  if (is<imap::ProtocolError>(error)) return "ProtocolError";
  if (is<imap::RefusedError>(error)) return "RefusedError";
  if (is<imap::TimeoutError>(error)) return "TimeoutError";
  if (is<imap::ConnectionError>(error)) return "ConnectionError";
  return "Error";
}

}  // namespace

std::string describe(const imap::Flags& flags) {
  return fmt::format("({})", printable(fmt::format("{}", fmt::join(flags.names(), " "))));
}

std::string describe(const imap::SelectedMailbox& mailbox) {
  Words words;
  words.add(fmt::format("exists {}", mailbox.exists))
      .add("uidvalidity", mailbox.uid_validity)
      .add("uidnext", mailbox.uid_next)
      .add("modseq", mailbox.highest_modseq)
      .add("mailboxid", mailbox.mailbox_id)
      .add(mailbox.read_only ? "read-only" : "read-write")
      .add_if(!mailbox.sticky_uids, "uids not sticky")
      .add_if(mailbox.any_keyword, "any keyword")
      .add_if(mailbox.flags != imap::Flags{}, "flags " + describe(mailbox.flags));
  if (mailbox.permanent_flags) words.add("permanent " + describe(*mailbox.permanent_flags));
  return words.text();
}

std::string describe(const imap::StatusRow& row) {
  return Words()
      .add("messages", row.messages)
      .add("unseen", row.unseen)
      .add("uidnext", row.uid_next)
      .add("uidvalidity", row.uid_validity)
      .add("modseq", row.highest_modseq)
      .add("size", row.size)
      .add("mailboxid", row.mailbox_id)
      .add("appendlimit", row.append_limit)
      .text();
}

std::string describe(const imap::ListRow& row) {
  Words words;
  words.add(printable(row.name)).add(row.delimiter ? std::string(1, *row.delimiter) : "flat");
  for (const auto& attribute : row.attributes) words.add(printable(attribute));
  if (row.use) words.add("use", std::string(imap::attribute_of(*row.use)));
  words.add_if(row.subscribed, "subscribed");
  if (row.status) words.add(describe(*row.status));
  return words.text();
}

std::string describe(const imap::MessageSummary& summary) {
  Words words;
  words.add("uid", summary.uid)
      .add(describe(summary.flags))
      .add("size", summary.size)
      .add("date", summary.internal_date)
      .add("modseq", summary.modseq)
      .add("emailid", summary.email_id)
      .add("gmail", summary.gmail_message)
      .add("thread", summary.gmail_thread);
  for (const auto& label : summary.gmail_labels) words.add("label", label);
  return words.add("header", summary.header).text();
}

std::string describe(const imap::FlagUpdate& update) {
  return Words().add(describe(update.flags)).add("modseq", update.modseq).text();
}

std::string describe(const imap::CopyResult& result) {
  if (result.source.empty() && result.target.empty()) return "nothing said";
  Words words;
  words.add("uidvalidity", result.uid_validity)
      .add(fmt::format("{} -> {}", result.source.to_string(),
                       result.target.empty() ? "unknown" : result.target.to_string()));
  if (const auto only = result.only()) words.add("only", *only);
  return words.text();
}

std::string describe(const std::optional<imap::AppendUid>& appended) {
  if (!appended) return "nothing said";
  return Words().add("uidvalidity", appended->uid_validity).add("uid", appended->uid).text();
}

std::string describe(const imap::QuotaRow& row) {
  Words words;
  words.add(fmt::format("root \"{}\"", printable(row.root)));
  if (row.storage) words.add(fmt::format("octets {}/{}", row.storage->used, row.storage->limit));
  if (row.messages)
    words.add(fmt::format("messages {}/{}", row.messages->used, row.messages->limit));
  return words.text();
}

std::string describe(const imap::Quirks& quirks) {
  const imap::Quirks none;
  Words words;
  words.add_if(quirks.no_qresync, "no_qresync")
      .add_if(quirks.unselect_first, "unselect_first")
      .add_if(quirks.select_always, "select_always")
      .add_if(quirks.uid_only, "uid_only")
      .add_if(quirks.no_ranges, "no_ranges")
      .add_if(quirks.list_one_level, "list_one_level")
      .add_if(quirks.binds_tls_unique, "binds_tls_unique")
      .add_if(quirks.mailboxes_are_labels, "mailboxes_are_labels")
      .add_if(quirks.uids_may_change, "uids_may_change");
  if (quirks.statuses_ahead != none.statuses_ahead) {
    words.add(fmt::format("statuses_ahead {}", quirks.statuses_ahead));
  }
  if (quirks.most_uids != none.most_uids) words.add(fmt::format("most_uids {}", quirks.most_uids));
  if (quirks.most_refusals != 0) words.add(fmt::format("most_refusals {}", quirks.most_refusals));
  if (quirks.most_connections != 0) {
    words.add(fmt::format("most_connections {}", quirks.most_connections));
  }
  if (quirks.longest_idle != none.longest_idle) {
    words.add(fmt::format("longest_idle {}", quirks.longest_idle.count()));
  }
  return words.text().empty() ? "none" : words.text();
}

Lines describe(const imap::Updates& updates) {
  Lines lines;
  for (const auto& box : updates.mailboxes) {
    Words words;
    words.add(fmt::format("in {}", printable(box.mailbox)))
        .add("uidvalidity", box.uid_validity)
        .add_if(box.exists_changed, "exists changed")
        .add("vanished", box.vanished.to_string())
        .add_if(box.expunged > 0, fmt::format("expunged {}", box.expunged))
        .add_if(box.incomplete, "incomplete");
    for (const auto& [uid, update] : box.flags) {
      words.add(fmt::format("flags {} {}", uid.value, describe(update)));
    }
    lines.push_back(words.text());
  }
  for (const auto& [name, row] : updates.statuses) {
    lines.push_back(fmt::format("status {} {}", printable(name), describe(row)));
  }
  if (updates.folders_changed) lines.emplace_back("folders changed");
  if (updates.overflow) lines.emplace_back("overflow");
  if (lines.empty()) lines.emplace_back("no news");
  return lines;
}

Lines describe(const imap::MailboxDelta& delta) {
  Words words;
  words.add_if(delta.sync_class == imap::SyncClass::qresync, "qresync")
      .add_if(delta.sync_class == imap::SyncClass::condstore, "condstore")
      .add_if(delta.reset, "reset")
      .add_if(delta.unchanged, "unchanged")
      .add("vanished", delta.vanished.to_string())
      .add("missing", delta.missing.to_string())
      .add_if(delta.flags_untold, "flags untold");
  if (delta.uid_next != delta.state.uid_next) {
    words.add(fmt::format("commit uidnext {}", delta.uid_next.value));
  }
  if (delta.modseq != delta.state.highest_modseq) {
    words.add(fmt::format("commit modseq {}", delta.modseq.value));
  }
  Lines lines{describe(delta.state)};
  const bool same = words.text().empty() && delta.arrived.empty() && delta.flags.empty();
  words.add_if(same, "no difference");
  if (!words.text().empty()) lines.push_back(words.text());
  for (const auto& row : delta.arrived) lines.push_back("arrived " + describe(row));
  for (const auto& [uid, update] : delta.flags) {
    lines.push_back(fmt::format("flags {} {}", uid.value, describe(update)));
  }
  return lines;
}

std::string describe(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const imap::Error& known) {
    return fmt::format("{}: {}", kind_of(known), printable(known.what()));
  }
}

}  // namespace tests
