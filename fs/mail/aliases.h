#pragma once
/// The names that users gave to messages, by `cp x.eml folder/` or `mv`: they go on resolving
/// beside the name that is made of the message's headers and UID. Kept in the journal, because no
/// server knows them. The oldest are forgotten first. Part of MailStore; any thread.

#include "cache/journal.h"
#include "cache/store.h"
#include "fs/mail/ids.h"
#include "imap/base/synchronized.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fs {

class Aliases {
 public:
  static constexpr std::size_t kMost = 50'000;

  Aliases(cache::Journal& journal, const cache::Store& cache);

  /// Whether listings show it: one that the user chose, not one that the message brought along.
  enum class Shown : bool { no, yes };

  /// Gives a message a name, beside others that it has. The name stood for another message before:
  /// that one keeps its other names.
  void put(MailboxId mailbox, Uid uid, const std::string& name, Shown shown = Shown::yes);
  /// The message of that name, which may have gone meanwhile.
  std::optional<Uid> find(MailboxId mailbox, std::string_view name) const;
  void erase(MailboxId mailbox, std::string_view name);
  /// Under which name listings show a message, if it has one that the user chose: the last one.
  std::optional<std::string> shown(MailboxId mailbox, Uid uid) const;
  /// Whether any message of the mailbox is shown under such a name.
  bool any_shown(MailboxId mailbox) const;
  /// The mailbox has another name at the server now.
  void renamed(const std::string& from, const std::string& to);

 private:
  /// A mailbox as the server names it: the cache, which numbers them, may be deleted.
  struct Box {
    std::string mailbox;
    std::uint64_t uid_validity = 0;
    auto operator<=>(const Box&) const = default;
  };
  struct Alias {
    Uid uid;
    cache::RecordId id;
    Shown shown = Shown::yes;
  };
  struct Names {
    std::unordered_map<std::string, Alias> all;
    std::unordered_map<std::uint32_t, std::map<std::uint64_t, std::string>> shown;  // by record

    void insert(const std::string& name, const Alias& alias);
    void erase(const std::string& name);
  };
  struct Table {
    std::map<Box, Names> boxes;
    std::map<std::uint64_t, std::pair<Box, std::string>> order;  // by record
  };

  static cache::AliasRow row_of(const Box& box, const std::string& name, const Alias& alias);
  std::optional<Box> box_of(MailboxId mailbox) const;
  static std::optional<cache::RecordId> forget(Table& table, const Box& box,
                                               const std::string& name);

  cache::Journal& journal_;
  const cache::Store& cache_;
  imap::Synchronized<Table> table_;
};

}  // namespace fs
