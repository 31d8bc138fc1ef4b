#pragma once
/// The folders of the account as a tree of directories: a snapshot that never changes and may be
/// read by any thread; a new list makes a new tree.

#include "cache/rows.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fs {

struct Folder {
  cache::MailboxId id;
  cache::MailboxId parent;
  std::string name;       // as a directory entry
  std::string wire_name;  // the server's octets; empty for the account itself
  std::optional<char> delimiter;
  bool selectable = false;
  bool listed = true;  // by the server, and not for what is below it alone
  bool may_have_folders = true;
  bool is_trash = false;                   // the server marks it as the one for deleted messages
  std::vector<cache::MailboxId> children;  // ascending
};

/// Where the user's own mailboxes are: their common prefix is not shown.
struct Hierarchy {
  std::string prefix;  // such as `INBOX.`, or empty
  std::optional<char> delimiter;
};

class FolderTree {
 public:
  /// The id of the account itself, which holds the first level.
  static constexpr cache::MailboxId kRoot{1};
  using Rows = std::vector<std::pair<cache::MailboxId, cache::MailboxRow>>;

  /// An account without folders.
  FolderTree() : FolderTree({}, {}) {}
  /// Nests the rows by their delimiters. Every level of a name needs a row: see `missing_parents`.
  FolderTree(const Rows& rows, const Hierarchy& hierarchy);

  const Folder* find(cache::MailboxId id) const;
  /// By its name, or else by the same name composed otherwise.
  const Folder* child(cache::MailboxId parent, std::string_view name) const;
  /// The folder at a path of directory entries, `a/b`; empty for the account itself.
  const Folder* find_path(std::string_view path) const;
  /// The folder of a mailbox by the server's name for it.
  const Folder* find_wire(std::string_view wire_name) const;
  /// The folder that the server marks for a use, or whose name says it where it marks none.
  const Folder* find_trash() const;
  std::size_t size() const { return folders_.size(); }
  /// All of them, the account itself included, in no order.
  const std::unordered_map<std::uint32_t, Folder>& all() const { return folders_; }

 private:
  void insert(cache::MailboxId id, const cache::MailboxRow& row, const Hierarchy& hierarchy);
  std::string free_name(cache::MailboxId parent, std::string name, cache::MailboxId id) const;

  std::unordered_map<std::uint32_t, Folder> folders_;
  std::map<std::pair<std::uint32_t, std::string>, cache::MailboxId> by_name_;
  std::unordered_map<std::string, cache::MailboxId> by_wire_name_;
};

/// Wire names of the levels above `rows` that no row stands for: some servers list only the leaves.
std::vector<std::string> missing_parents(const FolderTree::Rows& rows, const Hierarchy& hierarchy);

}  // namespace fs
