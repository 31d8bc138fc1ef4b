#include "imap/session/sasl/token_source.h"

namespace imap {

Secret TokenSource::token() {
  auto known = state_.with_lock([this](State& state, auto& lock) {
    fetched_.wait(lock, [&state] { return !state.fetching; });
    if (!state.token) state.fetching = true;
    return state.token;
  });
  if (known) return *std::move(known);
  std::optional<Secret> fresh;
  const auto end_fetching = [&] {
    state_.with([&](State& state) {
      state.fetching = false;
      state.token = fresh;
    });
    fetched_.notify_all();
  };
  try {
    fresh = fetch_();
  } catch (...) {
    end_fetching();
    throw;
  }
  end_fetching();
  return *std::move(fresh);
}

void TokenSource::refuse(const Secret& token) {
  state_.with([&](State& state) {
    if (state.token && state.token->reveal() == token.reveal()) state.token.reset();
  });
}

}  // namespace imap
