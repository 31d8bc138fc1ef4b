#include "tests/imap/hostile/recorded_session.h"

#include "imap/base/errors.h"
#include "tests/imap/hostile/memory_use.h"
#include "tests/imap/hostile/watchdog.h"
#include "tests/support/sessions.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>
#include <utility>

using imap::Flags;
using imap::ModSeq;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using imap::UidValidity;

namespace tests {
namespace {

/// That of the recorded mailbox.
constexpr std::uint64_t kUidValidity = 1'700'000'000;
constexpr std::string_view kMessage =
    "From: Alice <alice@example.org>\r\nSubject: four\r\n\r\nAppended.\r\n";

/// Notes whatever comes of a message that was not asked for.
class StrictSink final : public imap::BodySink {
 public:
  StrictSink(const UidSet& asked, Received& received) : asked_(asked), received_(received) {}

  void begin(std::optional<Uid> uid, std::uint64_t size) override {
    check(uid);
    octets_.clear();
    size_ = size;
  }
  void data(std::span<const std::byte> piece) override {
    octets_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (octets_.size() > size_) received_.violations.emplace_back("more than was announced");
  }
  void end(std::optional<Uid> uid) override {
    check(uid);
    if (!uid) return;
    if (octets_.size() != size_) received_.violations.emplace_back("less than was announced");
    ++received_.bodies;
    received_.octets += octets_;
  }

 private:
  void check(std::optional<Uid> uid) {
    if (!uid || asked_.contains(*uid)) return;
    received_.violations.push_back("body of " + std::to_string(uid->value));
  }

  const UidSet& asked_;
  Received& received_;
  std::string octets_;
  std::uint64_t size_ = 0;
};

imap::NewMessage appended_message() {
  imap::NewMessage message;
  message.size = kMessage.size();
  message.flags.add("\\Seen");
  message.internal_date = 1'700'000'000;
  message.source = [sent = std::size_t{0}](std::span<std::byte> into) mutable {
    const auto size = std::min(into.size(), kMessage.size() - sent);
    const auto octets = std::as_bytes(std::span(kMessage)).subspan(sent, size);
    std::ranges::copy(octets, into.begin());
    sent += size;
    return size;
  };
  return message;
}

void list_messages(Session& session, Received& received) {
  const UidSet known(Uid{1}, Uid{3});
  session.examine("INBOX", Session::Refresh::no,
                  imap::ResyncPoint{UidValidity{kUidValidity}, ModSeq{1}, known});
  const auto found = session.search_all();
  received.found = found.size();
  const std::vector<UidSet> chunks{UidSet(Uid{4}), UidSet(Uid{1}, Uid{2})};
  std::size_t chunk = 0;
  session.fetch_summaries(chunks, [&](const std::vector<imap::MessageSummary>& rows) {
    std::set<Uid> seen;
    for (const auto& row : rows) {
      const bool wanted = chunks.at(chunk).contains(row.uid) && seen.insert(row.uid).second;
      if (!wanted) received.violations.push_back("row of " + std::to_string(row.uid.value));
    }
    received.rows += rows.size();
    ++chunk;
    return true;
  });
  const UidSet wanted(Uid{1}, Uid{2});
  StrictSink sink(wanted, received);
  session.fetch_bodies(wanted, sink);
  for (const auto& [uid, update] : session.fetch_flags(known, ModSeq{1})) {
    if (known.contains(uid)) continue;
    received.violations.push_back("flags of " + std::to_string(uid.value));
  }
}

void change_messages(Session& session, Received& received) {
  session.select("INBOX", Session::Refresh::no);
  const UidSet one(Uid{2});
  Flags answered;
  answered.add("\\Answered");
  answered.add("$Forwarded");
  const auto left = session.store(one, imap::FlagChange::add, answered, ModSeq{1'000});
  const auto copied = session.copy(one, "Archive");
  received.copied = copied.target.size();
  if (!left.without(one).empty() || !copied.source.without(one).empty()) {
    received.violations.emplace_back("changed what was not to be changed");
  }
  received.appended = session.append("INBOX", appended_message()).has_value();
}

/// Does all that was recorded.
void use(Session& session, Received& received) {
  session.negotiate();
  imap::ListRequest request;
  request.status = true;
  received.mailboxes = session.list(request).size();
  list_messages(session, received);
  change_messages(session, received);
  session.idle();
  session.digest();
  session.end_idle();
  if (session.selected()) received.exists = session.selected()->exists;
  static_cast<void>(session.take_updates());
  session.logout();
}

}  // namespace

const Recording& recorded_session() {
  static const Recording kRecording = [] {
    std::ifstream file(RECORDED_SESSION, std::ios::binary);
    if (!file) throw std::runtime_error("no file " RECORDED_SESSION);
    Recording recording(1);
    for (std::string line; std::getline(file, line);) {
      const auto text = line.substr(std::min<std::size_t>(line.size(), 3));
      if (line.starts_with("C:")) recording.push_back({text, {}});
      if (line.starts_with("S:")) recording.back().answer += text + "\r\n";
    }
    return recording;
  }();
  return kRecording;
}

Played play(const Recording& recording, const Fault& fault,
            const imap::Connection::Settings& settings) {
  Played played;
  const Watchdog watchdog;
  const MemoryUse memory;
  try {
    auto login = alice();
    const auto session =
        Session::open(std::make_unique<Replay>(recording, fault, &played.said), login, settings);
    use(*session, played.received);
  } catch (const imap::Error& error) {
    played.error = error.what();
    if (played.error.empty()) played.error = "an error without words";
  }
  played.memory = memory.peak();
  return played;
}

}  // namespace tests
