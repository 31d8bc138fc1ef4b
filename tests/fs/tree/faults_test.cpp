// Connections that end or fall silent anywhere while a mailbox is brought into step.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "tests/support/catch.h"
#include "tests/support/faulty_wire.h"
#include "tests/support/sessions.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

#include <array>
#include <map>
#include <set>

using imap::SyncClass;
using imap::Uid;
using tests::ChangingServer;
using tests::FaultyServer;
using tests::WireFault;

namespace {

/// What there is of a message: whether it is seen, and its size.
using Contents = std::map<Uid, std::pair<bool, std::uint64_t>>;

Contents contents_of(const ChangingServer& server) {
  Contents contents;
  for (const auto& [uid, message] : server.messages()) {
    contents[uid] = {message.seen, ChangingServer::size_of(uid)};
  }
  return contents;
}

/// Where there are no mod-sequences flags are asked for twice a minute only.
Contents without_flags(Contents contents) {
  for (auto& [uid, message] : contents) message.first = false;
  return contents;
}

/// A cache in step with a FaultyServer, or not.
class Account {
 public:
  explicit Account(ChangingServer::Traits traits)
      : server(traits),
        cache_(cache::Store::open({.directory = directory_.path() / "account",
                                   .body_limit_bytes = 1 << 20,
                                   .map_size = 16 << 20})),
        pool_({1, [this](unsigned) { return connect(); }, {}}, abort_),
        journal_(cache::Journal::open(directory_.path() / "journal")),
        mail_({*cache_, *journal_, pool_, progress_, settings()}) {
    fs::NoInterrupt nobody;
    mail_.load_folders(nobody, std::chrono::seconds(10));
  }
  ~Account() { pool_.stop(); }
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  /// Enters the mailbox and reads all of it, as far as it comes, and waits for what still runs.
  void look() {
    fs::NoInterrupt nobody;
    try {
      mail_.freshen(mailbox(), nobody);
      mail_.visit_messages(mailbox(), 0, fs::MayWait::yes, nobody,
                           [](const cache::MessageRow&) { return true; });
      // The second part of a synchronisation, and what the cache's writer has of it.
      mail_.freshen(mailbox(), nobody);
    } catch (const imap::Error&) {
      // Whoever looks again gets it.
    }
    try {
      // There is one connection: it has ended all else when it comes to this.
      pool_.run({}, [](imap::Session&) {}).wait(std::chrono::seconds(20), {});
    } catch (const imap::Error&) {
      // So it has when it cannot be made again.
    }
    cache_->run([](cache::Edit&) {});
  }

  Contents contents() const {
    return cache_->read([this](const cache::View& view) {
      Contents contents;
      view.messages_below(mailbox(), 0, [&](const cache::MessageRow& row) {
        contents[Uid{row.uid}] = {(row.flags & imap::Flags::seen) != 0, row.size};
        return true;
      });
      return contents;
    });
  }
  cache::MailboxRow row() const {
    return cache_->read(
        [this](const cache::View& view) { return view.mailbox(mailbox()).value(); });
  }
  /// What was wrong in the cache each time that a connection had to be made again.
  std::set<std::string> complaints() const {
    return complaints_.with([](const auto& all) { return all; });
  }

  FaultyServer server;

 private:
  static fs::MailStore::Settings settings() {
    fs::MailStore::Settings settings;
    settings.timeout = settings.stale_wait = std::chrono::seconds(20);
    settings.mailbox_fresh = {};
    settings.folders_fresh = std::chrono::hours(1);
    settings.poll_interval = {};
    return settings;
  }

  cache::MailboxId mailbox() const { return mail_.folders()->find_wire("INBOX")->id; }

  std::unique_ptr<imap::Session> connect() {
    if (connected_++ > 0) inspect();
    auto session = imap::Session::open(server.connect(), tests::alice(), tests::patient());
    session->negotiate();
    return session;
  }

  /// Watermarks must never be ahead of the rows: whoever goes on from there would miss something.
  void inspect() {
    cache_->run([](cache::Edit&) {});
    const auto row = this->row();
    const auto have = contents();
    const auto complain = [this](const std::string& what) {
      complaints_.with([&](auto& all) { all.insert(what); });
    };
    server.with([&](const ChangingServer& truth) {
      if (row.uid_validity != truth.uid_validity()) return;
      for (const auto& [uid, message] : truth.messages()) {
        const auto found = have.find(uid);
        if (row.listed && uid.value < row.uid_next && found == have.end()) {
          complain("a message below UIDNEXT is missing");
        }
        if (found != have.end() && row.highest_modseq != 0 &&
            message.modseq <= row.highest_modseq && found->second.first != message.seen) {
          complain("flags are older than HIGHESTMODSEQ");
        }
      }
      for (const auto& [uid, known] : have) {
        const auto gone = truth.expunged_at(uid);
        if (row.listed && gone != 0 && gone <= row.highest_modseq) {
          complain("a message that has gone is older than HIGHESTMODSEQ");
        }
      }
    });
  }

  TemporaryDirectory directory_;
  imap::WakeFd abort_;
  imap::Progress progress_;
  imap::Synchronized<std::set<std::string>> complaints_;
  int connected_ = 0;
  std::unique_ptr<cache::Store> cache_;
  imap::Pool pool_;
  std::unique_ptr<cache::Journal> journal_;
  fs::MailStore mail_;
};

/// Has every octet of the synchronisation that follows each `change` be the first that is lost.
void try_every_octet(SyncClass sync_class, const WireFault& kind,
                     const std::function<void(ChangingServer&)>& change) {
  Account account({sync_class, sync_class != SyncClass::plain});
  account.server.with([](ChangingServer& server) {
    for (int i = 0; i < 6; ++i) server.append(i % 2);
  });
  account.look();
  bool struck = true;
  auto fault = kind;
  for (; struck; ++fault.octets) {
    account.server.with(change);
    account.server.arm(fault);
    account.look();
    struck = account.server.disarm();
    INFO("octet " << fault.octets);
    account.look();
    const auto truth = account.server.with(contents_of);
    if (sync_class == SyncClass::plain) {
      REQUIRE(without_flags(account.contents()) == without_flags(truth));
    } else {
      REQUIRE(account.contents() == truth);
    }
    const auto row = account.row();
    REQUIRE(row.listed);
    REQUIRE(Uid{static_cast<std::uint32_t>(row.uid_next)} ==
            account.server.with([](const ChangingServer& server) { return server.uid_next(); }));
    REQUIRE(row.highest_modseq ==
            account.server.with([](const ChangingServer& server) { return server.modseq(); }));
    REQUIRE(account.complaints().empty());
  }
  // Not one octet was left out because the synchronisation was over before it had begun.
  CHECK(fault.octets > (kind.where == WireFault::Where::answers ? 100 : 30));
}

/// New messages, one that goes, one whose flags change: always as many.
void some_changes(ChangingServer& server) {
  server.expunge(server.messages().begin()->first);
  server.expunge(std::next(server.messages().begin(), 2)->first);
  server.append(3);
  server.append();
  server.toggle_seen(std::next(server.messages().begin(), 1)->first);
  server.toggle_seen(std::next(server.messages().begin(), 2)->first);
}

constexpr std::array kClasses{SyncClass::qresync, SyncClass::condstore, SyncClass::plain};

}  // namespace

TEST_CASE("a connection lost at any octet of a comparison leaves a cache that recovers",
          "[fs][faults]") {
  const auto sync_class = GENERATE(from_range(kClasses));
  const auto where = GENERATE(WireFault::Where::answers, WireFault::Where::commands);
  INFO("class " << static_cast<int>(sync_class));
  try_every_octet(sync_class, {WireFault::Kind::cut, where}, some_changes);
}

TEST_CASE("a server that falls silent at any octet of a comparison leaves a cache that recovers",
          "[fs][faults]") {
  const auto sync_class = GENERATE(from_range(kClasses));
  const auto where = GENERATE(WireFault::Where::answers, WireFault::Where::commands);
  INFO("class " << static_cast<int>(sync_class));
  try_every_octet(sync_class, {WireFault::Kind::stall, where}, some_changes);
}

TEST_CASE("a connection lost at any octet of a listing from the start leaves a cache that recovers",
          "[fs][faults]") {
  const auto sync_class = GENERATE(from_range(kClasses));
  INFO("class " << static_cast<int>(sync_class));
  try_every_octet(sync_class, {}, [](ChangingServer& server) { server.renew(); });
}

TEST_CASE("a server that falls silent at any octet of a listing leaves a cache that recovers",
          "[fs][faults]") {
  try_every_octet(SyncClass::plain, {WireFault::Kind::stall},
                  [](ChangingServer& server) { server.renew(); });
}
