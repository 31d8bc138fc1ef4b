#include "fs/mail/outgoing.h"

#include "cache/errors.h"
#include "imap/base/errors.h"

#include <exception>
#include <mutex>

namespace fs {
namespace {

/// Of one batch: the connection is not to be kept from others for too long.
constexpr std::size_t kMost = 64;
constexpr std::uint64_t kMostOctets = std::uint64_t{1} << 20U;

}  // namespace

void Outgoing::send(Letter letter) {
  table_.with([&](Table& table) {
    const auto id = letter.id.value;
    table.emplace(id, Held{std::move(letter)});
  });
}

bool Outgoing::withdraw(LetterId id) {
  const auto letter = table_.with([&](Table& table) -> std::optional<Letter> {
    const auto found = table.find(id.value);
    if (found == table.end() || found->second.sending) return std::nullopt;
    auto taken = std::move(found->second.letter);
    table.erase(found);
    return taken;
  });
  if (!letter) return false;
  letter->on_end({{},
                  std::make_exception_ptr(imap::CancelledError("taken back")),
                  letter->mail.doubtful_from});
  changed_.notify_all();
  return true;
}

LetterId Outgoing::last() const {
  return table_.with(
      [](const Table& table) { return LetterId{table.empty() ? 0 : table.rbegin()->first}; });
}

bool Outgoing::wait_ended(LetterId last, imap::Deadline deadline, Interrupt& interrupt) {
  return table_.with_lock([&](Table& table, std::unique_lock<std::mutex>& lock) {
    return changed_.wait_until(lock, interrupt.token(), deadline.at(),
                               [&] { return table.empty() || table.begin()->first > last.value; });
  });
}

std::size_t Outgoing::size() const {
  return table_.with([](const Table& table) { return table.size(); });
}

std::optional<Outgoing::Batch> Outgoing::take() {
  return table_.with([](Table& table) -> std::optional<Batch> {
    Batch batch;
    std::uint64_t octets = 0;
    for (auto& [id, held] : table) {
      const auto& mail = held.letter.mail;
      if (held.sending) continue;
      if (batch.letters.empty()) batch.mailbox = mail.mailbox;
      if (mail.mailbox != batch.mailbox) continue;
      octets += mail.message->size();
      if (!batch.letters.empty() && octets > kMostOctets) break;
      held.sending = true;
      batch.letters.push_back(held.letter);
      if (batch.letters.size() == kMost) break;
    }
    return batch.letters.empty() ? std::nullopt : std::optional(std::move(batch));
  });
}

void Outgoing::put_back(const Batch& batch) {
  table_.with([&batch](Table& table) {
    for (const auto& letter : batch.letters) {
      const auto found = table.find(letter.id.value);
      if (found == table.end()) continue;
      found->second.letter.mail = letter.mail;
      found->second.sending = false;
    }
  });
  changed_.notify_all();
}

void Outgoing::ended(const Letter& letter, const Delivery::Outcome& outcome) {
  letter.on_end(outcome);
  try {
    if (!outcome.error) drop(letter.id);
  } catch (const cache::Error&) {
    // The next mount will find that the server has it.
  }
  table_.with([&letter](Table& table) { table.erase(letter.id.value); });
  changed_.notify_all();
}

bool Outgoing::has(LetterId id) const {
  return table_.with([id](const Table& table) { return table.contains(id.value); });
}

}  // namespace fs
