#pragma once
/// What is asked of LIST besides the names. A plain value.

#include <string>

namespace imap {

struct ListRequest {
  /// Every selectable mailbox's counts and watermarks, too: one round trip where LIST-STATUS is
  /// offered, else a STATUS for each.
  bool status = false;
  /// Which mailboxes are subscribed. Where LIST cannot tell, LSUB is asked.
  bool subscriptions = false;
  /// Has the namespace asked for in the same round trip, so that `personal_namespace` knows it.
  bool hierarchy = false;
  /// Only names that begin with this; all when empty.
  std::string prefix{};
};

}  // namespace imap
