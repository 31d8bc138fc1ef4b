// Flags of messages, as the user has set them.

#include "fs/mail/dispatch.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace fs {
namespace {

/// The first flag that the mailbox would not keep, or an empty text.
std::string unkept(const imap::SelectedMailbox& mailbox, const imap::Flags& flags) {
  static constexpr std::array kBits{imap::Flags::seen, imap::Flags::answered, imap::Flags::flagged,
                                    imap::Flags::deleted, imap::Flags::draft};
  for (const auto bit : kBits) {
    imap::Flags one;
    one.bits = bit;
    if (flags.has(bit) && !mailbox.keeps(bit)) return std::string(one.names().front());
  }
  if (mailbox.any_keyword || !mailbox.permanent_flags) return {};
  for (const auto& keyword : flags.keywords) {
    if (!has_keyword(mailbox.permanent_flags->keywords, keyword) &&
        !has_keyword(mailbox.flags.keywords, keyword)) {
      return keyword;
    }
  }
  return {};
}

}  // namespace

void Dispatch::change_flags(const Batch& batch) {
  auto left = batch;
  while (!left.empty()) {
    // All that get the same flags go into one command.
    const auto edit = flags_edit(left.front().row);
    const auto others = std::stable_partition(
        left.begin(), left.end(),
        [&edit](const PendingChange& change) { return flags_edit(change.row) == edit; });
    store_flags({left.begin(), others}, edit);
    left.erase(left.begin(), others);
  }
}

void Dispatch::store_flags(const Batch& some, const FlagsEdit& edit) {
  const auto refused_flag = unkept(*session_.selected(), edit.add);
  if (!refused_flag.empty()) {
    return refuse(some, "CANNOT", fmt::format("{} does not keep the flag {}", name_, refused_flag));
  }
  if (store(some, edit)) end(some);
}

bool Dispatch::store(const Batch& some, const FlagsEdit& edit) {
  const auto uids = uids_of(some);
  std::map<imap::Uid, imap::FlagUpdate> told;
  context_.changes.storing(mailbox_);
  const bool stored = try_for(some, [&] {
    using enum imap::FlagChange;
    if (edit.add != imap::Flags{}) session_.store_aloud(uids, add, edit.add, told);
    if (edit.remove != imap::Flags{}) session_.store_aloud(uids, remove, edit.remove, told);
  });
  context_.changes.storing(mailbox_);
  if (!stored) return false;
  // Another device may have changed them since, and another connection have told of it: what the
  // flags are is what the server says, in the order of its mod-sequences.
  imap::UidSet heard;
  for (const auto& [uid, update] : told) heard.add(uid);
  context_.changes.put_flags(mailbox_, told);
  context_.changes.edit_flags(mailbox_, uids.without(heard), edit);
  return true;
}

}  // namespace fs
