#include "fs/tree/draft.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace fs {

Draft::Draft(Ino ino, std::filesystem::path directory)
    : ino_(ino), directory_(std::move(directory)) {
  auto content = std::make_shared<Spool>(directory_);
  state_.with([&](State& state) {
    state.content = std::move(content);
    state.time = std::time(nullptr);
  });
}

std::uint64_t Draft::size() const {
  return state_.with([](const State& state) { return state.size(); });
}

std::int64_t Draft::time() const {
  return state_.with([](const State& state) { return state.time; });
}

void Draft::set_time(std::int64_t time) {
  state_.with([time](State& state) { state.time = time; });
}

std::string Draft::read(std::uint64_t offset, std::uint64_t length) const {
  return state_.with([&](const State& state) {
    const auto size = state.content->size();
    std::string octets(offset < size ? std::min(length, size - offset) : 0, '\0');
    octets.resize(state.content->read(offset, std::as_writable_bytes(std::span(octets))));
    return octets;
  });
}

template <class Change>
void Draft::change(Change&& change) {
  state_.with([&](State& state) {
    // Somebody is sending what it holds: that has to stay as it was when it was measured.
    if (state.content.use_count() > 1) {
      auto copy = std::make_shared<Spool>(directory_);
      copy->copy_from(*state.content);
      state.content = std::move(copy);
    }
    change(*state.content);
    state.original.reset();
    ++state.version;
    state.time = std::time(nullptr);
  });
}

void Draft::write(std::uint64_t offset, std::span<const std::byte> octets, std::uint64_t writer) {
  change([&](Spool& content) { content.write(offset, octets); });
  state_.with([writer](State& state) { state.writers.insert(writer); });
}

void Draft::append(std::span<const std::byte> octets, std::uint64_t writer) {
  change([&](Spool& content) { content.write(content.size(), octets); });
  state_.with([writer](State& state) { state.writers.insert(writer); });
}

bool Draft::concerns(std::uint64_t who) const {
  return state_.with([who](const State& state) {
    return state.tried != state.version || state.running || state.writers.contains(who) ||
           state.writers.contains(0);
  });
}

void Draft::truncate(std::uint64_t size) {
  change([size](Spool& content) { content.truncate(size); });
}

void Draft::allocate(std::uint64_t offset, std::uint64_t length) {
  change([&](Spool& content) { content.allocate(offset, length); });
}

void Draft::save_as(const std::filesystem::path& path) const {
  state_.with([&](const State& state) { state.content->save_as(path); });
}

bool Draft::become_copy(const Original& original) {
  return state_.with([&original](State& state) {
    if (state.size() != 0 || state.stored || state.running) return false;
    state.original = original;
    ++state.version;
    return true;
  });
}

std::optional<Draft::Original> Draft::original() const {
  return state_.with([](const State& state) { return state.original; });
}

void Draft::give_content(std::shared_ptr<Spool> content) {
  state_.with([&content](State& state) {
    if (!state.original) return;
    state.content = std::move(content);
    state.original.reset();
  });
}

bool Draft::is_unsent() const {
  return state_.with(
      [](const State& state) { return state.version != state.sent && state.size() != 0; });
}

bool Draft::is_current(const Version& version) const {
  return state_.with([&](const State& state) { return state.version == version.number; });
}

std::optional<MessageKey> Draft::stored() const {
  return state_.with([](const State& state) { return state.stored; });
}

std::optional<LetterId> Draft::letter() const {
  return state_.with([](const State& state) { return state.letter; });
}

bool Draft::is_in_journal() const {
  return state_.with([](const State& state) {
    return state.letter.has_value() && state.in_journal == state.version;
  });
}

void Draft::set_letter(LetterId letter, const Version& version) {
  state_.with([&](State& state) {
    state.letter = letter;
    state.in_journal = version.number;
  });
}

std::optional<LetterId> Draft::take_letter() {
  return state_.with([](State& state) { return std::exchange(state.letter, std::nullopt); });
}

std::optional<imap::Ticket> Draft::running() const {
  return state_.with([](const State& state) { return state.running; });
}

Draft::Step Draft::begin() {
  return state_.with([](State& state) -> Step {
    if (state.running) return {{}, state.running};
    if (state.version == state.sent || state.size() == 0) return {};
    state.running = imap::Ticket();
    return {Version{state.content, state.original, state.version, state.time, state.stored,
                    state.doubtful_from},
            {}};
  });
}

void Draft::ended(const Version& version, const Delivery::Outcome& outcome) {
  const auto running = state_.with([&](State& state) {
    state.doubtful_from = outcome.doubtful_from;
    state.tried = version.number;
    if (!outcome.error) {
      state.sent = version.number;
      state.writers.clear();
      state.stored = outcome.stored;
    }
    return std::exchange(state.running, std::nullopt);
  });
  if (running) running->finish(outcome.error);
}

}  // namespace fs
