#include "fs/mail/poller.h"

#include <exception>
#include <utility>

namespace fs {

Poller::Poller(std::chrono::milliseconds interval, std::function<void()> poll)
    : interval_(interval), poll_(std::move(poll)), thread_([this] { loop(); }) {}

Poller::~Poller() {
  state_.with([](State& state) { state.ending = true; });
  changed_.notify_all();
  thread_.join();
}

void Poller::poll_now() {
  state_.with([](State& state) { state.wanted = true; });
  changed_.notify_all();
}

void Poller::loop() {
  while (true) {
    const bool ending = state_.with_lock([this](State& state, std::unique_lock<std::mutex>& lock) {
      const auto due = [&state] {
        return state.wanted || state.ending;
      };
      if (interval_.count() > 0) {
        changed_.wait_for(lock, interval_, due);
      } else {
        changed_.wait(lock, due);
      }
      state.wanted = false;
      return state.ending;
    });
    if (ending) return;
    try {
      poll_();
    } catch (const std::exception&) {
      // The next time, or whoever asks for something, finds out what is wrong.
    }
  }
}

}  // namespace fs
