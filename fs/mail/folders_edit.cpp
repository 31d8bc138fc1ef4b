// Folders that are changed through this mount.

#include "fs/mail/folders.h"

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace fs {

Hierarchy Folders::hierarchy() const {
  return state_.with([](const State& state) { return state.hierarchy; });
}

Folders::Changing::Changing(Folders& folders) : folders_(folders) {
  folders_.state_.with([](State& state) { ++state.changing; });
}

Folders::Changing::~Changing() {
  const bool missed = folders_.state_.with([](State& state) {
    ++state.changes;
    if (--state.changing != 0 || !std::exchange(state.missed, false)) return false;
    state.loading.reset();  // that one may be the one that was passed over
    return true;
  });
  try {
    if (missed) folders_.refresh();
  } catch (const std::exception&) {
    // Whoever looks next asks for the list.
  }
}

void Folders::reread() {
  edit([](cache::Edit&) { return Own{}; });
}

void Folders::edit(const std::function<Own(cache::Edit&)>& work,
                   const std::function<bool()>& is_awaited) {
  commit(
      [&work](cache::Edit& edit) -> std::optional<Edited> {
        auto own = work(edit);
        return Edited{edit.mailboxes(), std::nullopt, std::move(own)};
      },
      is_awaited);
}

void Folders::commit(const std::function<std::optional<Edited>(cache::Edit&)>& work,
                     const std::function<bool()>& is_awaited) {
  auto edited = std::make_shared<std::optional<Edited>>();
  const auto done = std::make_shared<std::promise<void>>();
  backing_.cache.submit([&work, edited](cache::Edit& edit) { *edited = work(edit); },
                        [this, &is_awaited, edited, done](const std::exception_ptr& error) {
                          try {
                            if (error) std::rethrow_exception(error);
                            if (*edited) {
                              if (is_awaited && !is_awaited()) (*edited)->own.clear();
                              publish(std::move(**edited));
                            }
                            done->set_value();
                          } catch (...) {
                            done->set_exception(std::current_exception());
                          }
                        });
  done->get_future().get();
}

void Folders::keep_empty(const std::string& wire_name) {
  state_.with([&wire_name](State& state) { state.kept.insert(wire_name); });
}

bool Folders::forget_empty(const std::string& wire_name) {
  return state_.with([&wire_name](State& state) { return state.kept.erase(wire_name) != 0; });
}

}  // namespace fs
