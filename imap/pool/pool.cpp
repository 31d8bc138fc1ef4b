#include "imap/pool/pool.h"

#include "imap/base/errors.h"
#include "imap/pool/connection_thread.h"

#include <algorithm>

namespace imap {

Pool::Pool(Settings settings, const WakeFd& abort) : settings_(std::move(settings)), abort_(abort) {
  for (unsigned number = 0; number < settings_.connections; ++number) {
    threads_.push_back(std::make_unique<ConnectionThread>(*this, number));
  }
  for (auto& thread : threads_) thread->start();
}

Pool::~Pool() = default;

void Pool::stop() {
  auto left = state_.with([](State& state) {
    state.stopping = true;
    return std::exchange(state.queue, {});
  });
  for (auto& queued : left) {
    queued.ticket.finish(std::make_exception_ptr(CancelledError("the mount is ending")));
  }
  for (auto& thread : threads_) thread->join();
}

bool Pool::accepts(unsigned number, Lane lane) const {
  return lane == Lane::interactive || number > 0 || settings_.connections == 1;
}

Ticket Pool::run(JobSpec spec, Job job) {
  const Ticket ticket;
  const auto lane = spec.lane;
  bool reconnect = false;
  const auto refused = state_.with([&](State& state) -> std::exception_ptr {
    if (state.stopping) return std::make_exception_ptr(CancelledError("the mount is ending"));
    if (!state.offline_reason.empty()) {
      reconnect = !state.login_refused && state.backoff.hurry();
      return offline_error(state);
    }
    state.queue.push_back({std::move(spec), std::move(job), ticket});
    return nullptr;
  });
  if (refused) {
    ticket.finish(refused);
    if (reconnect) threads_.front()->wake();
    return ticket;
  }
  for (unsigned number = 0; number < threads_.size(); ++number) {
    if (accepts(number, lane)) threads_[number]->wake();
  }
  return ticket;
}

std::deque<Pool::Queued>::iterator Pool::best_of(State& state, unsigned number,
                                                 const std::string& open_mailbox) const {
  constexpr int kMostPassedOver = 8;
  const auto oldest = std::ranges::find_if(
      state.queue, [&](const Queued& queued) { return accepts(number, queued.spec.lane); });
  if (oldest == state.queue.end() || open_mailbox.empty()) return oldest;
  // A stream of jobs for one mailbox must not keep the others waiting for ever.
  if (oldest->passed_over >= kMostPassedOver) return oldest;
  const auto same = std::find_if(oldest, state.queue.end(), [&](const Queued& queued) {
    return accepts(number, queued.spec.lane) && queued.spec.mailbox == open_mailbox;
  });
  if (same == state.queue.end() || same == oldest) return oldest;
  ++oldest->passed_over;
  return same;
}

std::optional<Pool::Queued> Pool::take(unsigned number, HasSession has_session,
                                       const std::string& open_mailbox) {
  return state_.with([&](State& state) -> std::optional<Queued> {
    const bool first = has_session == HasSession::no && !state.proven;
    // Three connections with a wrong password would be three refused logins: servers lock accounts.
    if (first && state.connecting) return std::nullopt;
    const auto best = best_of(state, number, open_mailbox);
    if (best == state.queue.end()) return std::nullopt;
    auto queued = std::move(*best);
    state.queue.erase(best);
    if (first) state.connecting = true;
    return queued;
  });
}

std::exception_ptr Pool::why_offline() const {
  return state_.with([](const State& state) -> std::exception_ptr {
    return state.offline_reason.empty() ? nullptr : offline_error(state);
  });
}

std::exception_ptr Pool::offline_error(const State& state) {
  if (state.login_refused) {
    return std::make_exception_ptr(AuthenticationError(state.offline_reason));
  }
  return std::make_exception_ptr(OfflineError(state.offline_reason));
}

void Pool::connected() {
  bool others_waited = false;
  const bool was_offline = state_.with([&](State& state) {
    state.backoff.succeeded();
    state.login_refused = false;
    state.proven = true;
    others_waited = std::exchange(state.connecting, false);
    return !std::exchange(state.offline_reason, {}).empty();
  });
  if (others_waited) {
    for (auto& thread : threads_) thread->wake();
  }
  if (was_offline && settings_.on_state) settings_.on_state(true, "the server answers again");
}

void Pool::connect_failed(const std::exception_ptr& error, const std::string& reason) {
  bool refused = false;
  try {
    std::rethrow_exception(error);
  } catch (const AuthenticationError&) {
    refused = true;
  } catch (const std::exception&) {
  }
  bool first = false;
  auto failed = state_.with([&](State& state) {
    first = state.offline_reason.empty();
    // Attempts that were under way at the same time count as one.
    const bool counts = first || state.login_refused != refused ||
                        state.backoff.next_attempt() <= Deadline::Clock::now();
    state.offline_reason = reason.empty() ? "the server cannot be reached" : reason;
    state.login_refused = refused;
    state.proven = false;
    state.connecting = false;
    if (counts) refused ? state.backoff.refused() : state.backoff.unreachable();
    return std::exchange(state.queue, {});
  });
  for (auto& queued : failed) queued.ticket.finish(error);
  if (first && settings_.on_state) settings_.on_state(false, reason);
  threads_.front()->wake();  // it sleeps until the next attempt now
}

std::optional<Deadline> Pool::reconnect_at() const {
  return state_.with([](const State& state) -> std::optional<Deadline> {
    if (state.offline_reason.empty()) return std::nullopt;
    return Deadline(state.backoff.next_attempt());
  });
}

bool Pool::is_online() const {
  return state_.with([](const State& state) { return state.offline_reason.empty(); });
}

}  // namespace imap
