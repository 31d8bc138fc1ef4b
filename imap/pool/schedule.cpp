#include "imap/pool/schedule.h"

#include "imap/base/errors.h"

#include <algorithm>

namespace imap {
namespace {

/// How long it is remembered that the server refused another connection, or that one could not be
/// made for another reason.
constexpr std::chrono::hours kRefusalHolds{1};
constexpr std::chrono::seconds kFailureHolds{30};
/// How long a connection has had no job when it leaves its mailbox for one that is to be watched.
constexpr std::chrono::seconds kLeavesAfter{1};
/// A connection that lasts so long was no mistake.
constexpr std::chrono::minutes kLasts{1};

}  // namespace

std::exception_ptr Schedule::refusal(Time now) {
  if (stopping_) return std::make_exception_ptr(CancelledError("the mount is ending"));
  if (is_online()) return nullptr;
  if (login_refused_) {
    login_wanted_ = true;
    return std::make_exception_ptr(AuthenticationError(offline_reason_));
  }
  backoff_.hurry(now);
  return std::make_exception_ptr(OfflineError(offline_reason_));
}

Schedule::Next Schedule::next(unsigned number, const std::string& open_mailbox, Time now) {
  auto& slot = slots_[number];
  slot.idle = false;
  slot.mailbox = open_mailbox;
  if (stopping_) return Nothing{};
  if (!is_online()) {
    const bool due = number == 0 && now >= backoff_.next_attempt();
    if (!due || connecting_ || (login_refused_ && !login_wanted_)) return Nothing{};
    connecting_ = true;
    login_wanted_ = false;
    return Connect{};
  }
  if (now < held_until_) return Nothing{};
  if (!slot.live) {
    if (!is_needed(number, now)) return Nothing{};
    connecting_ = true;
    return Connect{};
  }
  const auto best = best_for(number, open_mailbox, now);
  if (best == queue_.end() || leaves_to_other(number, *best, now)) {
    if (!slot.idle_since) slot.idle_since = now;
    if (const auto* mailbox = watch_for(number, now)) {
      slot.mailbox = *mailbox;
      return Watch{*mailbox};
    }
    slot.idle = true;
    return Nothing{};
  }
  auto queued = std::move(*best);
  queue_.erase(best);
  slot.idle_since.reset();
  return queued;
}

bool Schedule::is_needed(unsigned number, Time now) const {
  // One login at a time: three with a wrong password would be three refused ones, and servers lock
  // accounts.
  if (connecting_ || !can_grow(now)) return false;
  if (wanted_watcher(now)) return true;
  std::vector<unsigned> free;
  for (unsigned other = 0; other < slots_.size(); ++other) {
    if (slots_[other].live && slots_[other].idle) free.push_back(other);
  }
  for (const auto& queued : queue_) {
    if (!accepts(number, queued.spec.lane, now)) continue;
    const auto taker = std::ranges::find_if(
        free, [&](unsigned other) { return accepts(other, queued.spec.lane, now); });
    if (taker == free.end()) return true;
    free.erase(taker);
  }
  return false;
}

std::deque<QueuedJob>::iterator Schedule::best_for(unsigned number, const std::string& open_mailbox,
                                                   Time now) {
  constexpr int kMostPassedOver = 8;
  const auto oldest = std::ranges::find_if(
      queue_, [&](const QueuedJob& queued) { return accepts(number, queued.spec.lane, now); });
  if (oldest == queue_.end() || open_mailbox.empty()) return oldest;
  // A stream of jobs for one mailbox must not keep the others waiting for ever.
  if (oldest->passed_over >= kMostPassedOver) return oldest;
  const auto same = std::find_if(oldest, queue_.end(), [&](const QueuedJob& queued) {
    return queued.spec.mailbox == open_mailbox && accepts(number, queued.spec.lane, now);
  });
  if (same == queue_.end() || same == oldest) return oldest;
  ++oldest->passed_over;
  return same;
}

std::optional<Deadline> Schedule::wake_at(unsigned number, Time now) const {
  if (now < held_until_) return Deadline(held_until_);
  if (is_online()) return watch_at(number, now);
  if (number != 0 || (login_refused_ && !login_wanted_)) return std::nullopt;
  return Deadline(backoff_.next_attempt());
}

std::deque<QueuedJob> Schedule::stop() {
  stopping_ = true;
  return std::exchange(queue_, {});
}

void Schedule::keep_watch(const std::string& mailbox) {
  if (!is_watched(mailbox)) watched_.push_back(mailbox);
}

bool Schedule::is_watched(const std::string& mailbox) const {
  return std::ranges::find(watched_, mailbox) != watched_.end();
}

bool Schedule::is_open(const std::string& mailbox) const {
  return std::ranges::any_of(
      slots_, [&](const Slot& slot) { return slot.live && slot.mailbox == mailbox; });
}

const std::string* Schedule::unwatched() const {
  const auto first = std::ranges::find_if(
      watched_, [this](const std::string& mailbox) { return !is_open(mailbox); });
  return first == watched_.end() ? nullptr : &*first;
}

std::optional<unsigned> Schedule::wanted_watcher(Time now) const {
  const bool may = !stopping_ && is_online() && !connecting_ && now >= held_until_ && can_grow(now);
  if (!may || unwatched() == nullptr || now < watch_backoff_.next_attempt()) return std::nullopt;
  // One that has no mailbox open will do it, if not at once.
  if (is_open("")) return std::nullopt;
  const auto dead = std::ranges::find(slots_, false, &Slot::live);
  return static_cast<unsigned>(dead - slots_.begin());
}

const std::string* Schedule::watch_for(unsigned number, Time now) const {
  const auto* mailbox = unwatched();
  if (mailbox == nullptr || now < watch_backoff_.next_attempt()) return nullptr;
  const auto& slot = slots_[number];
  if (slot.mailbox.empty()) return mailbox;
  // Better one that does nothing, or a connection more.
  if (is_watched(slot.mailbox) || is_open("") || connecting_ || can_grow(now)) return nullptr;
  return now - *slot.idle_since >= kLeavesAfter ? mailbox : nullptr;
}

std::optional<Deadline> Schedule::watch_at(unsigned number, Time now) const {
  if (unwatched() == nullptr) return std::nullopt;
  const auto& slot = slots_[number];
  auto at = watch_backoff_.next_attempt();
  if (slot.idle_since) at = std::max(at, *slot.idle_since + kLeavesAfter);
  return at > now ? std::optional(Deadline(at)) : std::nullopt;
}

bool Schedule::leaves_to_other(unsigned number, const QueuedJob& queued, Time now) const {
  // With more than one job it could be that nobody looks at the second in time.
  if (queue_.size() > 1 || !is_watched(slots_[number].mailbox)) return false;
  if (queued.spec.mailbox.empty() || queued.spec.mailbox == slots_[number].mailbox) return false;
  for (unsigned other = 0; other < slots_.size(); ++other) {
    const auto& slot = slots_[other];
    const bool free = other != number && slot.live && slot.idle && !is_watched(slot.mailbox);
    if (free && accepts(other, queued.spec.lane, now)) return true;
  }
  return false;
}

bool Schedule::is_lowest_live(unsigned number) const {
  return std::ranges::find_if(slots_, &Slot::live) - slots_.begin() == number;
}

void Schedule::connected(unsigned number, Time now) {
  slots_[number] = {};
  slots_[number].live = true;
  slots_[number].connected = now;
  connecting_ = false;
  login_refused_ = false;
  backoff_.succeeded();
  if (is_online()) return;
  offline_reason_.clear();
  notices_.push_back({true, "the server answers again"});
}

std::deque<QueuedJob> Schedule::connect_failed(Failure failure, const std::string& reason,
                                               Time now) {
  connecting_ = false;
  if (const auto others = live(); others > 0) {
    // They have logged in with the same credentials: what is refused is one connection more.
    limit_ = others;
    limited_until_ =
        now + (failure == Failure::unreachable ? std::chrono::milliseconds(kFailureHolds)
                                               : std::chrono::milliseconds(kRefusalHolds));
    return {};
  }
  const bool was_online = is_online();
  offline_reason_ = reason.empty() ? "the server cannot be reached" : reason;
  login_refused_ = failure == Failure::login;
  login_refused_ ? backoff_.refused(now) : backoff_.unreachable(now);
  if (was_online) notices_.push_back({false, offline_reason_});
  return std::exchange(queue_, {});
}

void Schedule::disconnected(unsigned number, Time now) {
  if (slots_[number].live) {
    // A server that lets in and hangs up is not asked again and again on account of a watch.
    now - slots_[number].connected < kLasts ? watch_backoff_.unreachable(now)
                                            : watch_backoff_.succeeded();
  }
  slots_[number] = {};
}

void Schedule::hurry(Time now) {
  watch_backoff_.network_changed(now);
  if (!is_online() && !login_refused_) backoff_.network_changed(now);
}

std::optional<Schedule::Notice> Schedule::take_notice() {
  if (notices_.empty()) {
    telling_ = false;
    return std::nullopt;
  }
  auto first = std::move(notices_.front());
  notices_.pop_front();
  return first;
}

std::size_t Schedule::live() const {
  return static_cast<std::size_t>(std::ranges::count_if(slots_, &Slot::live));
}

std::size_t Schedule::most(Time now) const {
  const auto known = std::min(slots_.size(), std::max(allowed_, std::size_t{1}));
  return now < limited_until_ ? std::min(known, std::max(limit_, std::size_t{1})) : known;
}

bool Schedule::accepts(unsigned number, Lane lane, Time now) const {
  if (lane == Lane::interactive) return true;
  const bool may_grow = live() < most(now);
  const auto usable = [may_grow](const Slot& slot) {
    return slot.live || may_grow;
  };
  if (std::ranges::count_if(slots_, usable) == 1) return true;
  const auto first = std::ranges::find_if(slots_, usable);
  return number != static_cast<unsigned>(first - slots_.begin());
}

}  // namespace imap
