#include "imap/base/errors.h"
#include "imap/pool/pool.h"
#include "tests/imap/pool/servers.h"
#include "tests/support/catch.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <string>
#include <vector>

using imap::ConnectionState;
using imap::Deadline;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using imap::Updates;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::Gate;
using tests::outcome_of;
using tests::Script;
using tests::Servers;
using Activity = ConnectionState::Activity;

namespace {

const std::string kNotify =
    " NOTIFY SET STATUS (SELECTED (MessageNew MessageExpunge FlagChange)) (PERSONAL (MessageNew "
    "MessageExpunge FlagChange MailboxName SubscriptionChange))";
const Script::Lines kNone{Script::none};

/// What a pool tells its owner.
class Owner {
 public:
  void hear(Updates updates) {
    heard_.with([&](auto& heard) { heard.push_back(std::move(updates)); });
    changed_.notify_all();
  }
  /// Waits until one of the updates fits, ten seconds at most.
  template <class Fits>
  bool hears(const Fits& fits) {
    return heard_.with_lock([&](auto& heard, std::unique_lock<std::mutex>& lock) {
      return changed_.wait_for(lock, seconds(10), [&] { return std::ranges::any_of(heard, fits); });
    });
  }
  template <class Fits>
  bool hears_of(const std::string& mailbox, const Fits& fits) {
    return hears([&](const Updates& updates) {
      return std::ranges::any_of(updates.mailboxes, [&](const imap::MailboxUpdates& news) {
        return news.mailbox == mailbox && fits(news);
      });
    });
  }
  bool hears_of_new_mail(const std::string& mailbox) {
    return hears_of(mailbox, [](const imap::MailboxUpdates& news) {
      return news.exists_changed && !news.incomplete;
    });
  }
  /// The mailbox has been opened in order to watch it.
  bool hears_of_watch(const std::string& mailbox) {
    return hears_of(mailbox, [](const imap::MailboxUpdates& news) { return news.incomplete; });
  }

 private:
  imap::Synchronized<std::vector<Updates>> heard_;
  std::condition_variable changed_;
};

/// A pool that listens as soon as there is no job.
class ListeningPool {
 public:
  ListeningPool(Servers& servers, Owner& owner, unsigned connections,
                milliseconds longest_idle = std::chrono::minutes(9))
      : pool_(settings(servers, owner, connections, longest_idle), servers.abort) {}
  imap::Pool* operator->() { return &pool_; }

 private:
  static imap::Pool::Settings settings(Servers& servers, Owner& owner, unsigned connections,
                                       milliseconds longest_idle) {
    auto settings = servers.settings(connections);
    settings.on_updates = [&owner](Updates updates) {
      owner.hear(std::move(updates));
    };
    settings.idle_after = milliseconds(0);
    settings.longest_idle = longest_idle;
    return settings;
  }

  imap::Pool pool_;
};

/// Waits, ten seconds at most.
bool eventually(const std::function<bool()>& holds) {
  const imap::Ticket never;
  const auto end = Deadline::after(seconds(10));
  while (!holds() && !end.expired()) {
    static_cast<void>(never.wait_until(Deadline::after(milliseconds(2)), {}));
  }
  return holds();
}

imap::Job examine(const std::string& mailbox) {
  return [mailbox](Session& session) {
    session.examine(mailbox, Session::Refresh::no);
  };
}

void noop(Session& session) {
  session.noop();
}

}  // namespace

TEST_CASE("what happens in the open mailbox is told without a job", "[pool][push]") {
  Servers servers;
  servers.offering(
      "IDLE", {"C: $2 EXAMINE \"a\"", "S: * 2 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: $2 OK",
               "C: $3 IDLE", "S: + idling", "S: * 3 EXISTS", "S: * 1 FETCH (UID 5 FLAGS (\\Seen))",
               "S: * VANISHED 6", "S: * 2 EXPUNGE", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  const auto before = Deadline::Clock::now();
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears_of_new_mail("a"));
  CHECK(owner.hears_of("a", [](const auto& news) {
    return news.flags.contains(Uid{5}) && news.uid_validity == imap::UidValidity{7};
  }));
  CHECK(owner.hears_of("a", [](const auto& news) { return news.vanished == UidSet(Uid{6}); }));
  CHECK(owner.hears_of("a", [](const auto& news) { return news.expunged == 1; }));
  CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  CHECK(pool->watched_since("a").value() >= before);
  CHECK_FALSE(pool->watched_since("b"));
  CHECK_FALSE(pool->notifies());
}

TEST_CASE("what a job hears is told before whoever waits goes on", "[pool][push]") {
  Servers servers;
  servers.offering("N", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 NOOP", "S: * 1 EXISTS",
                         "S: $3 OK", "S! silence"});
  std::atomic<int> told = 0;
  auto settings = servers.settings(1);
  settings.on_updates = [&told](const Updates&) {
    ++told;
  };
  imap::Pool pool(std::move(settings), servers.abort);
  CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
  CHECK(told == 0);
  CHECK(outcome_of(pool.run({"a"}, noop)).empty());
  CHECK(told == 1);
}

TEST_CASE("a job in the middle of IDLE costs no round trip of its own", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE",
                   {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling", "S: * 1 EXISTS",
                    "C: DONE", "C: $4 NOOP", "S: * 2 EXISTS", "S: $3 OK", "S: $4 OK", "C: $5 IDLE",
                    "S: + ", "S: * 3 EXISTS", "C: DONE", "C: $6 LOGOUT", "S! close"});
  Owner owner;
  {
    ListeningPool pool(servers, owner, 1);
    CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
    CHECK(owner.hears_of_new_mail("a"));
    // What has been told triggers a job for the mailbox, and the one that listens there takes it.
    CHECK(outcome_of(pool->run({"a"}, noop)).empty());
    CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  }
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("news may trigger a job at once", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling",
                            "S: * 1 EXISTS", "C: DONE", "C: $4 NOOP", "S: $3 OK", "S: $4 OK",
                            "C: $5 IDLE", "S: + ", "S! silence"});
  std::promise<imap::Ticket> triggered;
  auto settings = servers.settings(1);
  settings.idle_after = milliseconds(0);
  imap::Pool* running = nullptr;
  settings.on_updates = [&](const Updates&) {
    triggered.set_value(running->run({"a"}, noop));
  };
  imap::Pool pool(std::move(settings), servers.abort);
  running = &pool;
  CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
  CHECK(outcome_of(triggered.get_future().get()).empty());
}

TEST_CASE("IDLE is renewed in time", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE",
                   {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling", "C: DONE",
                    "C: $4 IDLE", "S: $3 OK", "S: + idling", "C: DONE", "C: $5 IDLE", "S: $4 OK",
                    "S: + idling", "S: * 1 EXISTS", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1, milliseconds(30));
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears_of_new_mail("a"));
}

TEST_CASE("a refused IDLE is not asked for again", "[pool][push]") {
  for (const auto* refusal : {"S: $3 NO not now", "S: $3 BAD what"}) {
    Servers servers;
    servers.offering("IDLE",
                     {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", refusal, "C: $4 NOOP",
                      "S: * 1 EXISTS", "S: $4 OK", "C: $5 NOOP", "S: $5 OK", "S! silence"});
    Owner owner;
    ListeningPool pool(servers, owner, 1, milliseconds(30));
    CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
    // The server is asked for news instead, which is no watch.
    CHECK(owner.hears_of_new_mail("a"));
    CHECK_FALSE(pool->watched_since("a"));
  }
}

TEST_CASE("IDLE that the server ends is entered again", "[pool][push]") {
  Servers servers;
  servers.offering(
      "IDLE", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling", "S: $3 OK enough",
               "C: $4 IDLE", "S: + idling", "S: * 1 EXISTS", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears_of_new_mail("a"));
}

TEST_CASE("a connection that is lost in IDLE watches nothing any more", "[pool][push]") {
  for (const auto* ending : {"S! close", "S: * BYE shutting down"}) {
    Servers servers;
    servers.offering("IDLE", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling",
                              "S: * 4 EXISTS", ending});
    Owner owner;
    ListeningPool pool(servers, owner, 1);
    CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
    CHECK(owner.hears_of_new_mail("a"));  // said before the end
    CHECK(eventually([&] { return pool->connections().front().activity == Activity::offline; }));
    CHECK_FALSE(pool->watched_since("a"));
    CHECK(servers.attempts() == 1);  // nobody wants to watch
  }
}

TEST_CASE("a mailbox to be watched is watched again after the connection is lost", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE", {"C: $2 EXAMINE \"INBOX\"", "S: $2 OK", "C: $3 IDLE", "S: + idling",
                            "S: * BYE shutting down"});
  servers.failing<imap::ConnectionError>("no route");
  servers.offering("IDLE", {"C: $2 EXAMINE \"INBOX\"", "S: * 5 EXISTS", "S: $2 OK", "C: $3 IDLE",
                            "S: + idling", "S: * 6 EXISTS", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 2);
  pool->keep_watch("INBOX");  // and no job is ever run
  CHECK(owner.hears_of_watch("INBOX"));
  CHECK(owner.hears_of_new_mail("INBOX"));
  CHECK(eventually([&] { return pool->watched_since("INBOX").has_value(); }));
  CHECK(servers.attempts() == 3);
}

TEST_CASE("a mailbox to be watched that cannot be opened is tried again later", "[pool][push]") {
  Servers servers;
  servers.offering(
      "IDLE", {"C: $2 EXAMINE \"INBOX\"", "S: $2 NO [UNAVAILABLE] later", "C: $3 EXAMINE \"INBOX\"",
               "S: $3 OK", "C: $4 IDLE", "S: + idling", "S: * 6 EXISTS", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  pool->keep_watch("INBOX");
  CHECK(owner.hears_of_new_mail("INBOX"));
  CHECK(servers.attempts() == 1);
}

TEST_CASE("another mailbox gets a connection of its own", "[pool][push]") {
  Servers servers;
  const Script::Lines lines{"C: $2 EXAMINE \"INBOX\"", "S: $2 OK", "C: $3 IDLE", "S: + idling"};
  auto first = lines;
  // The only connection serves it at first, and another one goes on watching.
  first.insert(first.end(), {"C: DONE", "C: $4 EXAMINE \"a\"", "S: $3 OK", "S: $4 OK", "C: $5 IDLE",
                             "S: + idling", "C: DONE", "C: $6 EXAMINE \"b\"", "S: $5 OK",
                             "S: $6 OK", "C: $7 IDLE", "S: + ", "S! silence"});
  auto second = lines;
  second.insert(second.end(), {"S: * 9 EXISTS", "S! silence"});
  servers.offering("IDLE", first).offering("IDLE", second);
  Owner owner;
  ListeningPool pool(servers, owner, 3);
  pool->keep_watch("INBOX");
  CHECK(eventually([&] { return pool->watched_since("INBOX").has_value(); }));
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears_of_new_mail("INBOX"));
  CHECK(eventually([&] { return pool->watched_since("INBOX") && pool->watched_since("a"); }));
  CHECK(outcome_of(pool->run({"b"}, examine("b"))).empty());
  CHECK(pool->watched_since("INBOX"));
  CHECK(servers.attempts() == 2);
}

TEST_CASE("one connection asks for news of all mailboxes, and anew when it is made anew",
          "[pool][push][notify]") {
  Servers servers;
  servers.offering(
      "IDLE NOTIFY",
      {"C: $2" + kNotify, "S: * STATUS a (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)", "S: $2 OK",
       "C: $3 IDLE", "S: + idling", "S: * STATUS a (MESSAGES 4 UIDNEXT 10)", "C: DONE",
       "C: $4 NOOP", "S: * BYE shutting down"});
  servers.offering("IDLE NOTIFY", {"C: $2 NOOP", "S: $2 OK", "C: $3" + kNotify,
                                   "S: * STATUS b (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 8)", "S: $3 OK",
                                   "C: $4 IDLE", "S: + idling", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  CHECK(owner.hears([](const Updates& updates) {
    const auto a = updates.statuses.find("a");
    return a != updates.statuses.end() && a->second.messages == 4U;
  }));
  CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  CHECK(pool->notifies());
  CHECK_FALSE(pool->watched_since("shared"));  // the server has not said that it watches it
  CHECK(outcome_of(pool->run({}, noop)).empty());
  CHECK(eventually([&] { return pool->watched_since("b").has_value(); }));
  CHECK(pool->notifies());
  CHECK_FALSE(pool->watched_since("a"));
}

TEST_CASE("after an overflow the pool is told and goes on with IDLE alone",
          "[pool][push][notify]") {
  Servers servers;
  servers.offering(
      "IDLE NOTIFY",
      {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3" + kNotify,
       "S: * STATUS b (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)", "S: $3 OK", "C: $4 IDLE",
       "S: + idling", "S: * OK [NOTIFICATIONOVERFLOW] too much", "S: * 4 EXISTS", "C: DONE",
       "C: $5 NOOP", "S: $4 OK", "S: $5 OK", "C: $6 IDLE", "S: + ", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears([](const Updates& updates) { return updates.overflow; }));
  CHECK(owner.hears_of_new_mail("a"));
  CHECK_FALSE(pool->notifies());
  CHECK_FALSE(pool->watched_since("b"));
  CHECK(outcome_of(pool->run({}, noop)).empty());
  CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  CHECK_FALSE(pool->notifies());
}

TEST_CASE("a job that comes soon does not wait for the answer to NOTIFY", "[pool][push][notify]") {
  Servers servers;
  servers.offering("IDLE NOTIFY", {"C: $2 NOOP", "S: $2 OK", "C: $3 NOOP", "S: $3 OK",
                                   "C: $4 LOGOUT", "S: * BYE", "S! close"});
  Owner owner;
  auto settings = servers.settings(1);
  settings.on_updates = [&owner](Updates updates) {
    owner.hear(std::move(updates));
  };
  settings.idle_after = std::chrono::hours(1);
  imap::Pool pool(std::move(settings), servers.abort);
  CHECK(outcome_of(pool.run({}, noop)).empty());
  CHECK(eventually([&] { return pool.connections().at(0).activity == Activity::idle; }));
  CHECK(outcome_of(pool.run({}, noop)).empty());
  pool.stop();
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("where nobody is told, nothing is listened to", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE NOTIFY", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 NOOP", "S: $3 OK",
                                   "C: $4 LOGOUT", "S! close"});
  auto settings = servers.settings(1);
  settings.idle_after = milliseconds(0);
  {
    imap::Pool pool(std::move(settings), servers.abort);
    CHECK(outcome_of(pool.run({"a"}, examine("a"))).empty());
    CHECK(eventually([&] { return pool.connections().front().activity == Activity::idle; }));
    CHECK(outcome_of(pool.run({"a"}, noop)).empty());
  }
  CHECK(servers.deviations() == kNone);
}

TEST_CASE("an idling connection proves that it lives after another network came up",
          "[pool][push]") {
  Servers servers;
  servers.offering("IDLE", {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling",
                            "S: * 1 EXISTS", "C: DONE", "C: $4 NOOP", "S: $3 OK", "S: $4 OK",
                            "C: $5 IDLE", "S: + idling", "S: * 1 EXPUNGE", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  CHECK(outcome_of(pool->run({"a"}, examine("a"))).empty());
  CHECK(owner.hears_of_new_mail("a"));
  pool->network_changed();
  CHECK(owner.hears_of("a", [](const auto& news) { return news.expunged == 1; }));
}

TEST_CASE("a pool says what its connections do", "[pool][push]") {
  Servers servers;
  servers.offering("IDLE",
                   {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 IDLE", "S: + idling", "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 2);
  CHECK(pool->state().online);
  CHECK(pool->state().reason.empty());
  for (const auto& state : pool->connections()) CHECK(state.activity == Activity::offline);
  Gate inside;
  std::promise<void> running;
  const auto ticket = pool->run({.mailbox = "a", .what = "list messages"}, [&](Session& session) {
    session.examine("a", Session::Refresh::no);
    running.set_value();
    inside.pass();
  });
  running.get_future().wait_for(seconds(10));
  const auto busy = [](const ConnectionState& state) {
    return state.activity == Activity::running;
  };
  auto states = pool->connections();
  auto one = std::ranges::find_if(states, busy);
  REQUIRE(one != states.end());
  const auto number = one->number;
  CHECK(one->what == "list messages");
  CHECK_FALSE(pool->watched_since("a"));
  inside.open();
  CHECK(outcome_of(ticket).empty());
  CHECK(eventually([&] { return pool->connections()[number].activity == Activity::idling; }));
  const auto idling = pool->connections()[number];
  CHECK(idling.mailbox == "a");
  CHECK(idling.what.empty());
  CHECK(idling.received > 0);
  CHECK(idling.since <= Deadline::Clock::now());
}

TEST_CASE("a pool says why it is offline", "[pool][push]") {
  Servers servers;
  servers.failing<imap::ConnectionError>("no route");
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  const auto before = Deadline::Clock::now();
  CHECK_FALSE(outcome_of(pool->run({}, noop)).empty());
  CHECK_FALSE(pool->state().online);
  CHECK(pool->state().reason == "no route");
  CHECK(pool->state().since >= before);
}

TEST_CASE("a mailbox that the connection with NOTIFY has left is not watched until news of it",
          "[pool][push][notify]") {
  // Dovecot 2.3, by experiment: a message that came while `a` was open and outside of IDLE, and was
  // not told then, is not told later either; the next one is.
  Servers servers;
  servers.offering("IDLE NOTIFY", {"C: $2" + kNotify,
                                   "S: * STATUS a (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)",
                                   "S: * STATUS b (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 8)",
                                   "S: $2 OK",
                                   "C: $3 IDLE",
                                   "S: + idling",
                                   "C: DONE",
                                   "C: $4 EXAMINE \"a\"",
                                   "S: $3 OK",
                                   "S: * 3 EXISTS",
                                   "S: $4 OK",
                                   "C: $5 EXAMINE \"b\"",
                                   "S: * 0 EXISTS",
                                   "S: $5 OK",
                                   "C: $6 IDLE",
                                   "S: + idling",
                                   "C: DONE",
                                   "C: $7 NOOP",
                                   "S: * STATUS a (MESSAGES 4 UIDNEXT 10)",
                                   "S: $6 OK",
                                   "S: $7 OK",
                                   "C: $8 IDLE",
                                   "S: + idling",
                                   "S! silence"});
  Owner owner;
  ListeningPool pool(servers, owner, 1);
  CHECK(outcome_of(pool->run({}, [](Session&) {})).empty());
  CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  const auto first = pool->watched_since("a");
  CHECK(eventually([&] { return pool->connections().front().activity == Activity::idling; }));
  CHECK(outcome_of(pool->run({}, [](Session& session) {
          session.examine("a", Session::Refresh::no);
          session.examine("b", Session::Refresh::no);
        })).empty());
  CHECK(eventually([&] { return pool->watched_since("b").has_value(); }));
  CHECK_FALSE(pool->watched_since("a"));
  CHECK(outcome_of(pool->run({}, noop)).empty());
  CHECK(eventually([&] { return pool->watched_since("a").has_value(); }));
  CHECK(pool->watched_since("a") > first);
}
