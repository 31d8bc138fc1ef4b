#include "fs/mail/refusals.h"

#include <fmt/format.h>

#include <ctime>
#include <utility>

namespace fs {
namespace {

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  }
}

std::string to_words(const Refusal& refusal) {
  if (refusal.uid == 0)
    return fmt::format("{} {} in {}", refusal.what, refusal.name, refusal.folder);
  return fmt::format("{} message {} of {}", refusal.what, refusal.uid, refusal.folder);
}

}  // namespace

void Refusals::add(std::vector<Refusal> some, const std::exception_ptr& error) {
  const auto reason = reason_of(error);
  const auto now = std::time(nullptr);
  const auto words =
      fmt::format("cannot {}{}: {}", to_words(some.front()),
                  some.size() > 1 ? fmt::format(" and {} more", some.size() - 1) : "", reason);
  state_.with([&](State& state) {
    if (!state.first) state.first = error;
    for (auto& refusal : some) {
      refusal.time = now;
      refusal.reason = reason;
      state.last.push_back(std::move(refusal));
      if (state.last.size() > kMost) state.last.pop_front();
    }
  });
  if (tell_) tell_(words);
}

std::exception_ptr Refusals::take_first() {
  return state_.with([](State& state) { return std::exchange(state.first, nullptr); });
}

std::vector<Refusal> Refusals::all() const {
  return state_.with([](const State& state) {
    return std::vector<Refusal>(state.last.begin(), state.last.end());
  });
}

}  // namespace fs
