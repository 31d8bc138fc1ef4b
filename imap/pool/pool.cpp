#include "imap/pool/pool.h"

#include "imap/base/errors.h"
#include "imap/pool/connection_thread.h"

#include <ctime>

namespace imap {
namespace {

/// How long what is under way may take to end when the pool ends.
constexpr std::chrono::milliseconds kGrace{500};

std::chrono::nanoseconds now_on(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Schedule::Failure kind_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const AuthenticationError&) {
    return Schedule::Failure::login;
  } catch (const RefusedError&) {
    return Schedule::Failure::turned_away;
  } catch (...) {
    return Schedule::Failure::unreachable;
  }
}

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  }
}

}  // namespace

std::chrono::nanoseconds Pool::suspended_time() {
  return now_on(CLOCK_BOOTTIME) - now_on(CLOCK_MONOTONIC);
}

Pool::Pool(Settings settings, const WakeFd& abort)
    : settings_(std::move(settings)),
      abort_(abort),
      schedule_(Schedule(settings_.connections)),
      watches_(Watches(settings_.connections)),
      state_(PoolState{true, Deadline::Clock::now(), {}}) {
  for (unsigned number = 0; number < settings_.connections; ++number) {
    shown_.with([&](auto& shown) { shown.push_back({.number = number, .since = state().since}); });
    threads_.push_back(std::make_unique<ConnectionThread>(*this, number));
  }
  for (auto& thread : threads_) thread->start();
}

Pool::~Pool() {
  stop();
}

void Pool::stop() {
  auto left = schedule_.with([](Schedule& schedule) { return schedule.stop(); });
  for (auto& queued : left) {
    queued.ticket.finish(std::make_exception_ptr(CancelledError("the mount is ending")));
  }
  wake_all();
  ended_.with_lock([this](const unsigned& count, std::unique_lock<std::mutex>& lock) {
    return one_ended_.wait_for(lock, kGrace, [&] { return count == threads_.size(); });
  });
  abort_.signal();
  for (auto& thread : threads_) thread->join();
}

void Pool::ended() {
  ended_.with([](unsigned& count) { ++count; });
  one_ended_.notify_all();
}

Ticket Pool::run(JobSpec spec, Job job) {
  QueuedJob queued{std::move(spec), std::move(job), {}};
  auto ticket = queued.ticket;
  submit(std::move(queued), &Schedule::push);
  return ticket;
}

void Pool::put_back(QueuedJob queued) {
  submit(std::move(queued), &Schedule::push_first);
}

void Pool::submit(QueuedJob queued, void (Schedule::*push)(QueuedJob)) {
  const auto ticket = queued.ticket;
  const auto refusal = schedule_.with([&](Schedule& schedule) {
    auto error = schedule.refusal(Deadline::Clock::now());
    if (!error) (schedule.*push)(std::move(queued));
    return error;
  });
  if (refusal) {
    queued.job = nullptr;  // what it holds is gone before anybody learns that it has ended
    ticket.finish(refusal);
  }
  wake_all();
}

Schedule::Next Pool::next(unsigned number, const std::string& open_mailbox) {
  std::optional<unsigned> other;
  auto next = schedule_.with([&](Schedule& schedule) {
    const auto now = Deadline::Clock::now();
    auto chosen = schedule.next(number, open_mailbox, now);
    other = schedule.wanted_watcher(now);
    return chosen;
  });
  if (other && *other != number) threads_[*other]->wake();
  return next;
}

bool Pool::claim_notify(unsigned number) {
  const bool may = schedule_.with(
      [number](const Schedule& schedule) { return schedule.is_lowest_live(number); });
  return may && watches_.with([number](Watches& watches) { return watches.claim_notify(number); });
}

void Pool::keep_watch(const std::string& mailbox) {
  schedule_.with([&](Schedule& schedule) { schedule.keep_watch(mailbox); });
  wake_all();
}

void Pool::watch_refused() {
  schedule_.with([](Schedule& schedule) { schedule.watch_refused(Deadline::Clock::now()); });
}

std::optional<Deadline::Clock::time_point> Pool::watched_since(const std::string& mailbox) const {
  return watches_.with([&](const Watches& watches) { return watches.since(mailbox); });
}

bool Pool::notifies() const {
  return watches_.with([](const Watches& watches) { return watches.notifies(); });
}

void Pool::show(ConnectionState state) {
  shown_.with([&](auto& shown) {
    auto& old = shown[state.number];
    const bool same =
        old.activity == state.activity && old.what == state.what && old.mailbox == state.mailbox;
    state.since = same ? old.since : Deadline::Clock::now();
    old = std::move(state);
  });
}

std::vector<ConnectionState> Pool::connections() const {
  auto states = shown_.with([](const auto& shown) { return shown; });
  for (auto& state : states) state.received = threads_[state.number]->received();
  return states;
}

PoolState Pool::state() const {
  return state_.with([](const PoolState& state) { return state; });
}

void Pool::busy(unsigned number) {
  schedule_.with([number](Schedule& schedule) { schedule.busy(number); });
}

std::optional<Deadline> Pool::wake_at(unsigned number) const {
  return schedule_.with([number](const Schedule& schedule) {
    return schedule.wake_at(number, Deadline::Clock::now());
  });
}

void Pool::hold(std::chrono::milliseconds pause) {
  schedule_.with([pause](Schedule& schedule) { schedule.hold(Deadline::Clock::now() + pause); });
}

void Pool::connected(unsigned number, unsigned most) {
  schedule_.with([&](Schedule& schedule) {
    schedule.connected(number, Deadline::Clock::now());
    if (most != 0) schedule.allow(most);
  });
  report();
  wake_all();  // others may have waited to log in
}

void Pool::connect_failed(const std::exception_ptr& error) {
  auto failed = schedule_.with([&](Schedule& schedule) {
    return schedule.connect_failed(kind_of(error), reason_of(error), Deadline::Clock::now());
  });
  report();  // before anybody acts on it
  for (auto& queued : failed) {
    queued.job = nullptr;
    queued.ticket.finish(error);
  }
  wake_all();  // who may take what has changed
}

void Pool::disconnected(unsigned number) {
  schedule_.with(
      [number](Schedule& schedule) { schedule.disconnected(number, Deadline::Clock::now()); });
  watches_.with([number](Watches& watches) { watches.ended(number); });
  wake_all();  // for its jobs and watches
}

void Pool::network_changed() {
  ++network_;
  schedule_.with([](Schedule& schedule) { schedule.hurry(Deadline::Clock::now()); });
  wake_all();
}

void Pool::leave(const std::vector<std::string>& mailboxes) {
  for (auto& thread : threads_) thread->leave(mailboxes);
}

bool Pool::is_online() const {
  return schedule_.with([](const Schedule& schedule) { return schedule.is_online(); });
}

bool Pool::is_stopping() const {
  return schedule_.with([](const Schedule& schedule) { return schedule.is_stopping(); });
}

void Pool::wake_all() {
  for (auto& thread : threads_) thread->wake();
}

void Pool::report() {
  if (!schedule_.with([](Schedule& schedule) { return schedule.start_telling(); })) return;
  const auto next = [this] {
    return schedule_.with([](Schedule& schedule) { return schedule.take_notice(); });
  };
  while (const auto notice = next()) {
    state_.with([&](PoolState& state) {
      state = {notice->online, Deadline::Clock::now(), notice->reason};
    });
    if (settings_.on_state) settings_.on_state(notice->online, notice->reason);
  }
}

}  // namespace imap
