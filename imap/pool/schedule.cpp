#include "imap/pool/schedule.h"

#include "imap/base/errors.h"

#include <algorithm>

namespace imap {
namespace {

/// How long it is remembered that the server refused another connection, or that one could not be
/// made for another reason.
constexpr std::chrono::hours kRefusalHolds{1};
constexpr std::chrono::seconds kFailureHolds{30};

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
  if (best == queue_.end()) {
    slot.idle = true;
    return Nothing{};
  }
  auto queued = std::move(*best);
  queue_.erase(best);
  return queued;
}

bool Schedule::is_needed(unsigned number, Time now) const {
  // One login at a time: three with a wrong password would be three refused ones, and servers lock
  // accounts.
  if (connecting_ || live() >= most(now)) return false;
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
  if (number != 0 || is_online() || (login_refused_ && !login_wanted_)) return std::nullopt;
  return Deadline(backoff_.next_attempt());
}

std::deque<QueuedJob> Schedule::stop() {
  stopping_ = true;
  return std::exchange(queue_, {});
}

void Schedule::connected(unsigned number) {
  slots_[number] = {.live = true, .idle = false};
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

void Schedule::disconnected(unsigned number) {
  slots_[number] = {};
}

void Schedule::hurry(Time now) {
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
  return now < limited_until_ ? std::max(limit_, std::size_t{1}) : slots_.size();
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
