#pragma once
/// What removing a message does to it. A plain value.

namespace fs {

enum class DeletePolicy {
  /// Trash at servers whose mailboxes are labels (Gmail), where expunging only takes a label away;
  /// else expunge.
  automatic,
  expunge,
  trash,  // moves the message to the mailbox that the server marks \Trash
  mark,   // marks it \Deleted and leaves it
};

}  // namespace fs
