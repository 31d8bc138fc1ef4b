#include "imap/session/resync.h"

#include "imap/base/errors.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace imap {
namespace {

UidSet uids_of(const std::vector<MessageSummary>& rows) {
  UidSet uids;
  for (const auto& row : rows) uids.add(row.uid);
  return uids;
}

Uid next_after(Uid uid) {
  return uid == kMaxUid ? uid : Uid{uid.value + 1};
}

/// One comparison, step by step: what is told, what is asked, what comes of both.
class Comparison {
 public:
  Comparison(Session& session, const KnownMailbox& known) : session_(session), known_(known) {}

  MailboxDelta run(const std::string& mailbox, Look look);

 private:
  bool has_heard_all(const std::string& mailbox) const;
  void open(const std::string& mailbox);
  void judge_watermarks();
  bool knows_all() const { return known_.complete && known_.uid_next.value != 0 && !delta_.reset; }
  bool nothing_changed() const;

  Inquiry inquiry();
  void ask_for_flags(Inquiry& inquiry);
  void ask_for_messages(Inquiry& inquiry);
  bool may_have_new();
  std::uint64_t most_new();
  Uid first_new();

  void take_news();
  void settle(const UidSet& found, std::optional<UidSet> census);
  UidSet agreed(UidSet census);
  bool adds_up(const UidSet& found);
  void choose_flags();
  Uid watermark();

  const UidSet& have();
  std::uint64_t left() const;
  std::uint32_t exists() const { return session_.selected()->exists; }

  Session& session_;
  const KnownMailbox& known_;
  MailboxDelta delta_;
  bool opened_ = true;         // just now, and not before
  bool told_changes_ = false;  // what changed came with the mailbox
  bool void_modseq_ = false;   // the caller's watermark means nothing
  std::optional<UidSet> have_;
  MailboxUpdates told_;  // up to now, but for the flags
  UidSet gone_;          // of what the caller has
};

MailboxDelta Comparison::run(const std::string& mailbox, Look look) {
  opened_ = look == Look::open_again || !has_heard_all(mailbox);
  if (opened_) open(mailbox);
  delta_.state = *session_.selected();
  judge_watermarks();
  take_news();
  if (nothing_changed()) {
    delta_.unchanged = true;
    delta_.uid_next = known_.uid_next;
    return std::move(delta_);
  }
  const auto questions = inquiry();
  UidSet found;
  std::optional<UidSet> census;
  if (!questions.empty()) {
    auto findings = session_.inquire(questions);
    delta_.arrived = std::move(findings.summaries);
    std::ranges::sort(delta_.arrived, {}, &MessageSummary::uid);
    for (auto& [uid, update] : findings.flags) {
      delta_.flags.insert_or_assign(uid, std::move(update));
    }
    if (questions.search == kAllUids) {
      census = std::move(findings.found);
    } else {
      found = std::move(findings.found);
    }
    take_news();
  }
  settle(found, std::move(census));
  return std::move(delta_);
}

bool Comparison::has_heard_all(const std::string& mailbox) const {
  const auto& open = session_.selected();
  return open && open->name == mailbox && knows_all() &&
         open->uid_validity == known_.uid_validity && known_.uid_validity.value != 0 &&
         open->modseq_when_opened <= known_.highest_modseq;
}

void Comparison::open(const std::string& mailbox) {
  told_changes_ = session_.is_enabled("QRESYNC") && knows_all() && known_.highest_modseq.value != 0;
  std::optional<ResyncPoint> since;
  if (told_changes_) {
    // Without them the server speaks of newer ones, too. To name them one by one would mean to read
    // them all, for what is nothing most of the time.
    UidSet until;
    const auto last = std::max(known_.uid_next.value - 1, known_.highest.value);
    if (last > 0) until.add(Uid{1}, Uid{last});
    since = ResyncPoint{known_.uid_validity, known_.highest_modseq, std::move(until)};
  }
  session_.examine(mailbox, Session::Refresh::yes, since);
}

void Comparison::judge_watermarks() {
  const auto& state = delta_.state;
  // Without UIDVALIDITY the same UID may be another message the next time. With a lower UIDNEXT a
  // backup was restored: UIDs will be given out a second time. One that was told when the mailbox
  // was opened a while ago says nothing of that.
  const bool restored = opened_ && state.uid_next.value != 0 && state.uid_next < known_.uid_next;
  delta_.reset =
      known_.uid_validity != state.uid_validity || known_.uid_validity.value == 0 || restored;
  // NOMODSEQ is said of single mailboxes (Zimbra: search folders).
  if (state.highest_modseq.value == 0) {
    delta_.sync_class = SyncClass::plain;
    told_changes_ = false;
    return;
  }
  delta_.sync_class = session_.is_enabled("QRESYNC") ? SyncClass::qresync : SyncClass::condstore;
  delta_.modseq = opened_ ? state.highest_modseq : known_.highest_modseq;
  delta_.modseq_fell = opened_ && state.highest_modseq < known_.highest_modseq;
  void_modseq_ = delta_.modseq_fell || known_.highest_modseq.value == 0;
  told_changes_ = told_changes_ && !delta_.modseq_fell && !delta_.reset;
}

bool Comparison::nothing_changed() const {
  const auto& state = delta_.state;
  if (!knows_all() || !told_.empty() || !delta_.flags.empty()) return false;
  if (state.exists != known_.count || delta_.modseq != known_.highest_modseq) return false;
  if (delta_.sync_class == SyncClass::plain && !known_.stale_flags.empty()) return false;
  if (delta_.sync_class != SyncClass::plain && void_modseq_) return false;
  return !opened_ || state.uid_next == known_.uid_next;
}

Inquiry Comparison::inquiry() {
  Inquiry inquiry;
  if (!delta_.reset) ask_for_flags(inquiry);
  ask_for_messages(inquiry);
  return inquiry;
}

void Comparison::ask_for_flags(Inquiry& inquiry) {
  if (delta_.sync_class == SyncClass::plain) {
    inquiry.flags = known_.stale_flags;
    return;
  }
  const bool changed = opened_ && !told_changes_ && delta_.modseq != known_.highest_modseq;
  if ((!void_modseq_ && !changed && !told_.incomplete) || have().empty()) return;
  told_.incomplete = false;
  if (!void_modseq_) {
    inquiry.flags = UidSet(Uid{1}, have().back());
    inquiry.flags_since = known_.highest_modseq;
    return;
  }
  const bool scattered = have().ranges().size() > kMostRanges;
  const bool fits = session_.most_uids() >= have().back().value;
  inquiry.flags = scattered && fits ? UidSet(have().front(), have().back()) : have();
}

void Comparison::ask_for_messages(Inquiry& inquiry) {
  if (!knows_all() || delta_.modseq_fell) {
    // A server that says nothing of EXISTS has not said that everything is gone.
    if (exists() > 0 || !have().empty()) inquiry.search = kAllUids;
    return;
  }
  if (exists() < left() || (!opened_ && told_.expunged > 0)) inquiry.search = kAllUids;
  if (exists() == 0 || !may_have_new()) return;
  const UidSet fresh(first_new(), kMaxUid);
  if (most_new() <= std::min(kMostArrived, session_.most_uids())) {
    inquiry.summaries = fresh;
  } else if (inquiry.search.empty()) {
    inquiry.search = fresh;
  }
}

bool Comparison::may_have_new() {
  if (exists() > left()) return true;
  if (!opened_) return told_.exists_changed && told_.expunged > 0;
  // Without UIDNEXT one may have come for every one that went.
  const auto uid_next = delta_.state.uid_next;
  return uid_next.value == 0 || (uid_next != known_.uid_next && uid_next > first_new());
}

std::uint64_t Comparison::most_new() {
  const auto more = exists() > left() ? exists() - left() : 0;
  if (!opened_) return more + told_.expunged;
  const auto uid_next = delta_.state.uid_next;
  if (told_changes_ || uid_next < known_.uid_next) return more;
  return std::max<std::uint64_t>(more, uid_next.value - known_.uid_next.value);
}

/// Not UIDNEXT of that time: it may have been ahead of what could be seen (Exchange).
Uid Comparison::first_new() {
  return have().empty() ? Uid{1} : next_after(have().back());
}

void Comparison::take_news() {
  auto news = session_.take_news();
  if (session_.selected()->uid_validity != delta_.state.uid_validity) {
    throw ProtocolError("UIDVALIDITY changed while the mailbox was looked at");
  }
  told_.vanished.add(news.vanished);
  told_.expunged += news.expunged;
  told_.exists_changed = told_.exists_changed || news.exists_changed;
  told_.incomplete = told_.incomplete || news.incomplete;
  if (!told_.vanished.empty()) gone_ = have().intersected(told_.vanished);
  for (auto& [uid, update] : news.flags) {
    // Another session may have told the caller of later ones.
    const auto modseq = update.modseq;
    if (!opened_ && modseq.value != 0 && modseq <= known_.highest_modseq) continue;
    const auto row = std::ranges::lower_bound(delta_.arrived, uid, {}, &MessageSummary::uid);
    if (row == delta_.arrived.end() || row->uid != uid) {
      delta_.flags.insert_or_assign(uid, std::move(update));
    } else {
      row->flags = std::move(update.flags);
      row->modseq = std::max(row->modseq, modseq);
    }
  }
}

bool Comparison::adds_up(const UidSet& found) {
  auto come = uids_of(delta_.arrived);
  come.add(found);
  if (!come.empty()) come = come.without(have()).without(told_.vanished);
  return left() + come.size() == exists();
}

/// The census that agrees with EXISTS, or all that two of them found.
UidSet Comparison::agreed(UidSet census) {
  if (census.size() == exists()) return census;
  // One that agrees is better than both: the first may hold what was expunged meanwhile.
  auto second = session_.search_all();
  if (second.size() != exists()) second.add(census);
  return second;
}

void Comparison::settle(const UidSet& found, std::optional<UidSet> census) {
  if (!census && !adds_up(found)) census = session_.search_all();
  bool certain = true;
  if (census) {
    census = agreed(std::move(*census));
    certain = census->size() == exists();
    take_news();
    // Of those that are certainly there nothing else counts.
    delta_.vanished = certain ? have().without(*census) : gone_.without(*census);
  } else {
    delta_.vanished = gone_;
  }
  const auto is_old = [&](const MessageSummary& row) {
    if (census && certain) return !census->contains(row.uid);
    return told_.vanished.contains(row.uid);
  };
  std::erase_if(delta_.arrived, is_old);
  const auto there = census ? std::move(*census) : found.without(told_.vanished);
  if (!there.empty()) delta_.missing = there.without(have()).without(uids_of(delta_.arrived));
  choose_flags();
  delta_.flags_untold = told_.incomplete && !delta_.reset;
  delta_.state.exists = exists();
  if (certain) delta_.uid_next = watermark();
}

void Comparison::choose_flags() {
  for (auto row = delta_.arrived.begin(); row != delta_.arrived.end();) {
    if (!have().contains(row->uid)) {
      ++row;
      continue;
    }
    delta_.flags.insert_or_assign(row->uid, FlagUpdate{std::move(row->flags), row->modseq});
    row = delta_.arrived.erase(row);
  }
  std::erase_if(delta_.flags, [this](const auto& entry) {
    const bool known = known_.stale_flags.contains(entry.first) || have().contains(entry.first);
    return delta_.reset || !known || delta_.vanished.contains(entry.first);
  });
}

Uid Comparison::watermark() {
  // Some may have come since the mailbox was opened. Their flags are asked for the next time only
  // if they are below. A server that is wrong from the start is taken at its word.
  const auto told = delta_.state.uid_next;
  if (opened_ && told.value != 0 && !told_.exists_changed) return told;
  auto there = delta_.missing;
  there.add(uids_of(delta_.arrived));
  if (told.value == 0) there.add(have());
  const auto next = std::max(told, there.empty() ? Uid{1} : next_after(there.back()));
  // What was there once and is gone has had its UID, too.
  return opened_ || delta_.reset ? next : std::max(next, known_.uid_next);
}

const UidSet& Comparison::have() {
  if (!have_) have_ = delta_.reset || !known_.uids ? UidSet() : known_.uids();
  return *have_;
}

std::uint64_t Comparison::left() const {
  if (delta_.reset) return 0;
  return (have_ ? have_->size() : known_.count) - gone_.size();
}

}  // namespace

MailboxDelta compare(Session& session, const std::string& mailbox, const KnownMailbox& known,
                     Look look) {
  return Comparison(session, known).run(mailbox, look);
}

}  // namespace imap
