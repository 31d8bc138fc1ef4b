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

std::optional<Pool::Queued> Pool::take(unsigned number, const std::string& open_mailbox) {
  return state_.with([&](State& state) -> std::optional<Queued> {
    const auto fits = [&](const Queued& queued) {
      return accepts(number, queued.spec.lane);
    };
    auto best = state.queue.end();
    if (!open_mailbox.empty()) {
      best = std::ranges::find_if(state.queue, [&](const Queued& queued) {
        return fits(queued) && queued.spec.mailbox == open_mailbox;
      });
    }
    if (best == state.queue.end()) best = std::ranges::find_if(state.queue, fits);
    if (best == state.queue.end()) return std::nullopt;
    auto queued = std::move(*best);
    state.queue.erase(best);
    return queued;
  });
}

std::exception_ptr Pool::offline_error(const State& state) const {
  if (state.login_refused) {
    return std::make_exception_ptr(AuthenticationError(state.offline_reason));
  }
  return std::make_exception_ptr(OfflineError(state.offline_reason));
}

void Pool::connected() {
  const bool was_offline = state_.with([](State& state) {
    state.backoff.succeeded();
    state.login_refused = false;
    return !std::exchange(state.offline_reason, {}).empty();
  });
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
    state.offline_reason = reason;
    state.login_refused = refused;
    refused ? state.backoff.refused() : state.backoff.unreachable();
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
