// Bringing messages to the server: APPEND and REPLACE.

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

namespace imap {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
/// A message up to this size is sent without waiting until the server wants it, because asking
/// takes longer than sending.
constexpr std::uint64_t kMostUnasked = std::uint64_t{64} << 10U;
/// Messages whose answers are still to come: as many as one round trip far away has room for.
constexpr std::size_t kMessagesAhead = 32;

}  // namespace

std::optional<AppendUid> Session::append(const std::string& mailbox, const NewMessage& message) {
  return appended(bring("APPEND", Command("APPEND"), mailbox, message), "APPEND");
}

std::uint64_t Session::most_unasked() const {
  return std::min(kMostUnasked, capabilities_.non_sync_literal().value_or(0));
}

bool Session::takes_unasked(const NewMessage& message) const {
  const auto most = most_unasked();
  return most > 0 && message.content == NewMessage::Content::plain && message.size <= most;
}

void Session::append_all(const std::string& mailbox, const std::vector<NewMessage>& messages,
                         const OnAppended& on_appended) {
  struct Sent {
    std::size_t index;
    std::string tag;
    std::exception_ptr refused;  // before anything was sent
  };
  std::deque<Sent> in_flight;
  for (std::size_t next = 0; next < messages.size() || !in_flight.empty();) {
    if (next < messages.size() && in_flight.size() < kMessagesAhead) {
      const auto& message = messages[next];
      if (!takes_unasked(message)) throw UnsupportedError("the server is to be asked for this one");
      in_flight.push_back({next++, {}, {}});
      try {
        in_flight.back().tag = bring("APPEND", Command("APPEND"), mailbox, message);
      } catch (const CommandError&) {
        in_flight.back().refused = std::current_exception();
      }
      continue;
    }
    auto [index, tag, refused] = std::move(in_flight.front());
    in_flight.pop_front();
    std::optional<AppendUid> uid;
    try {
      if (!refused) uid = appended(tag, "APPEND");
    } catch (const CommandError&) {
      refused = std::current_exception();
    }
    on_appended(index, uid, refused);
  }
}

bool Session::can_replace() const {
  return capabilities_.has("REPLACE");
}

std::optional<AppendUid> Session::replace(Uid old, const std::string& mailbox,
                                          const NewMessage& message) {
  if (!can_replace()) throw UnsupportedError("the server has no REPLACE");
  return appended(bring("UID REPLACE", Command("UID REPLACE").uids(UidSet(old)), mailbox, message),
                  "UID REPLACE");
}

void Session::check_append_limit(const std::string& mailbox, std::uint64_t size) {
  auto limit = capabilities_.append_limit();
  if (!limit && capabilities_.has("APPENDLIMIT")) {
    // Each mailbox has its own (RFC 7889 section 2).
    const auto known = append_limits_.find(mailbox);
    if (known == append_limits_.end()) {
      try {
        limit = status(mailbox).append_limit;
      } catch (const CommandError&) {
        // The server will say itself what is too large.
      }
      append_limits_.emplace(mailbox, limit);
    } else {
      limit = known->second;
    }
  }
  if (!limit || size <= *limit) return;
  throw CommandError(
      CommandError::Status::no, "TOOBIG",
      fmt::format("the server takes messages of {} octets at most, not {}", *limit, size));
}

std::string Session::bring(std::string_view what, Command command, const std::string& mailbox,
                           const NewMessage& message) {
  using Content = NewMessage::Content;
  if (message.content == Content::binary && !capabilities_.has("BINARY")) {
    throw UnsupportedError("the server takes no message with NUL characters in it");
  }
  check_append_limit(mailbox, message.size);
  const bool utf8 = message.content == Content::utf8_headers && is_enabled("UTF8=ACCEPT");
  names_.add_to(command, mailbox);
  command.flags(message.flags);
  if (message.internal_date) command.date_time(*message.internal_date);
  const auto* const before = utf8 ? " UTF8 (~" : message.content == Content::binary ? " ~" : " ";

  // Else synchronising, so that the server can refuse before anything large is sent: `+` has it
  // read to the end first (RFC 7888 section 6).
  auto tag = begin_literal(command, what, before, message.size,
                           takes_unasked(message) ? Literal::unasked : Literal::asked);
  try {
    write_octets(message);
    connection_.write(utf8 ? ")\r\n" : "\r\n");
  } catch (...) {
    usable_ = false;
    throw;
  }
  return tag;
}

std::optional<AppendUid> Session::appended(const std::string& tag, std::string_view what) {
  std::optional<AppendUid> uid;
  // REPLACE says it before the EXPUNGE, in an untagged OK (RFC 8508 section 4.3).
  finish(tag, what, [&](Response& response) {
    if (const auto* status = std::get_if<Status>(&response)) {
      if (const auto found = append_uid_in(*status)) uid = found;
    }
  });
  return uid;
}

void Session::write_octets(const NewMessage& message) {
  std::vector<std::byte> piece(kPiece);
  for (auto left = message.size; left > 0;) {
    const auto room = std::span(piece).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size())));
    const auto got = message.source(room);
    if (got == 0 || got > room.size()) {
      throw ConnectionError("a message ended before its size was sent");
    }
    const auto octets = room.first(got);
    connection_.write({reinterpret_cast<const char*>(octets.data()), octets.size()});
    left -= got;
  }
}

}  // namespace imap
