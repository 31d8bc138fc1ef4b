#include "imap/session/resync.h"
#include "tests/support/catch.h"
#include "tests/support/changing_server.h"
#include "tests/support/sessions.h"

#include <memory>
#include <random>

using imap::KnownMailbox;
using imap::Look;
using imap::SyncClass;
using imap::Uid;
using imap::UidSet;
using tests::ChangingServer;

namespace {

/// A caller that does what a delta says.
struct Copy {
  std::map<Uid, bool> seen;
  imap::UidValidity uid_validity;
  Uid uid_next;
  imap::ModSeq modseq;
  bool complete = false;

  UidSet uids() const {
    UidSet set;
    for (const auto& [uid, flag] : seen) set.add(uid);
    return set;
  }
  KnownMailbox known() const {
    const auto have = uids();
    KnownMailbox known;
    known.uid_validity = uid_validity;
    known.uid_next = uid_next;
    known.highest = have.empty() ? Uid{} : have.back();
    known.highest_modseq = modseq;
    known.count = static_cast<std::uint32_t>(seen.size());
    known.complete = complete;
    known.uids = [have] {
      return have;
    };
    known.stale_flags = have;
    return known;
  }
  void take(const std::vector<imap::MessageSummary>& rows) {
    for (const auto& row : rows) seen[row.uid] = row.flags.has(imap::Flags::seen);
  }
  void apply(imap::Session& session, const imap::MailboxDelta& delta) {
    if (delta.unchanged) return;
    if (delta.reset) seen.clear();
    for (const auto& range : delta.vanished.ranges()) {
      for (auto uid = range.first.value; uid <= range.last.value; ++uid) seen.erase(Uid{uid});
    }
    for (const auto& [uid, update] : delta.flags) {
      seen.at(uid) = update.flags.has(imap::Flags::seen);
    }
    take(delta.arrived);
    session.fetch_summaries(imap::chunks_newest_first(delta.missing, 10, 100),
                            [this](const std::vector<imap::MessageSummary>& rows) {
                              take(rows);
                              return true;
                            });
    uid_validity = delta.state.uid_validity;
    uid_next = delta.uid_next;
    modseq = delta.modseq;
    complete = true;
  }
};

std::map<Uid, bool> truth(const ChangingServer& server) {
  std::map<Uid, bool> seen;
  for (const auto& [uid, message] : server.messages()) seen[uid] = message.seen;
  return seen;
}

}  // namespace

TEST_CASE("a copy stays the server's whatever others do, in every sync class",
          "[session][resync][property]") {
  for (int kind = 0; kind < 24; ++kind) {
    INFO("kind " << kind);
    const ChangingServer::Traits traits{static_cast<SyncClass>(kind % 3), (kind / 3) % 2 == 1,
                                        (kind / 6) % 2 == 0, (kind / 12) % 2 == 0};
    auto stream = std::make_unique<ChangingServer>(traits);
    auto& server = *stream;
    std::mt19937 source(static_cast<unsigned>(kind));
    const auto below = [&source](std::uint32_t bound) {
      return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(source);
    };
    const auto change = [&] {
      const auto& messages = server.messages();
      const auto what = below(3);
      if (what == 0 || messages.empty()) return server.append(below(4) == 0 ? below(300) : 0);
      const auto uid =
          std::next(messages.begin(), below(static_cast<std::uint32_t>(messages.size())))->first;
      what == 1 ? server.expunge(uid) : server.toggle_seen(uid);
    };
    for (auto count = below(40); count > 0; --count) server.append();
    const auto session = imap::Session::open(std::move(stream), tests::alice(), tests::patient());
    session->negotiate();
    Copy copy;
    for (int round = 0; round < 150; ++round) {
      INFO("round " << round);
      for (auto count = below(8); count > 0; --count) change();
      // In the middle of the comparison, and of what was only told.
      server.while_answering([&] {
        if (below(3) == 0) change();
      });
      if (below(2) == 0) {
        session->noop();
        const auto delta = compare(*session, "INBOX", copy.known(), Look::as_told);
        for (const auto& range : delta.vanished.ranges()) {
          CHECK_FALSE(server.messages().contains(range.first));
        }
        copy.apply(*session, delta);
      } else {
        copy.apply(*session, compare(*session, "INBOX", copy.known()));
      }
      server.while_answering({});
      server.take_round_trips();
      const auto delta = compare(*session, "INBOX", copy.known());
      CHECK(server.take_round_trips() <= 3);
      copy.apply(*session, delta);
      server.take_round_trips();
      REQUIRE(copy.seen == truth(server));
      const auto again = compare(*session, "INBOX", copy.known());
      if (traits.says_uid_next && traits.sync_class != SyncClass::plain) {
        CHECK(again.unchanged);
        CHECK(server.take_round_trips() == 1);
      }
    }
  }
}
