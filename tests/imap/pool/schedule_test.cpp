#include "imap/pool/schedule.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"

#include <string>
#include <utility>

using imap::Lane;
using imap::Schedule;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Failure = imap::Schedule::Failure;

namespace {

const Schedule::Time kNow = Schedule::Time() + hours(1);

imap::QueuedJob job(std::string mailbox = "", Lane lane = Lane::interactive) {
  return {{std::move(mailbox), lane}, [](imap::Session&) {}, {}};
}

/// What a connection is told to do: `-`, `connect`, `watch a`, or the job's mailbox in brackets.
std::string told(const Schedule::Next& next) {
  if (std::holds_alternative<Schedule::Connect>(next)) return "connect";
  if (const auto* order = std::get_if<Schedule::Watch>(&next)) return "watch " + order->mailbox;
  if (const auto* queued = std::get_if<imap::QueuedJob>(&next)) {
    return "[" + queued->spec.mailbox + "]";
  }
  return "-";
}

std::string next(Schedule& schedule, unsigned number, Schedule::Time now = kNow) {
  return told(schedule.next(number, "", now));
}

/// One whose first connections have logged in and wait.
Schedule with_live(unsigned connections, unsigned live) {
  Schedule schedule(connections);
  for (unsigned number = 0; number < live; ++number) {
    schedule.connected(number, kNow);
    static_cast<void>(schedule.next(number, "", kNow));
  }
  return schedule;
}

}  // namespace

TEST_CASE("no connection is made before there is something to do", "[pool][schedule]") {
  Schedule schedule(3);
  for (const unsigned number : {0U, 1U, 2U}) CHECK(next(schedule, number) == "-");
}

TEST_CASE("one connection at a time logs in", "[pool][schedule]") {
  Schedule schedule(3);
  for (int i = 0; i < 3; ++i) schedule.push(job());
  CHECK(next(schedule, 1) == "connect");
  CHECK(next(schedule, 0) == "-");
  CHECK(next(schedule, 2) == "-");
  schedule.connected(1, kNow);
  CHECK(next(schedule, 0) == "connect");
  CHECK(next(schedule, 2) == "-");
  CHECK(next(schedule, 1) == "[]");
}

TEST_CASE("no connection is made for what an idle one can do", "[pool][schedule]") {
  auto schedule = with_live(3, 2);
  schedule.push(job());
  CHECK(next(schedule, 2) == "-");
  schedule.push(job());
  CHECK(next(schedule, 2) == "-");
  schedule.push(job());
  CHECK(next(schedule, 2) == "connect");
}

TEST_CASE("one is made when the idle one is not free after all", "[pool][schedule]") {
  auto schedule = with_live(3, 1);
  schedule.push(job());
  CHECK(next(schedule, 1) == "-");
  schedule.busy(0);
  CHECK(next(schedule, 1) == "connect");
}

TEST_CASE("the connection that takes no bulk work is no reason against another",
          "[pool][schedule]") {
  auto schedule = with_live(3, 1);
  schedule.push(job("", Lane::bulk));
  CHECK(next(schedule, 0) == "-");
  CHECK(next(schedule, 1) == "connect");
}

TEST_CASE("a refused login when others are logged in is the limit of the server",
          "[pool][schedule]") {
  for (const auto failure : {Failure::login, Failure::turned_away}) {
    auto schedule = with_live(3, 2);
    for (int i = 0; i < 4; ++i) schedule.push(job());
    REQUIRE(next(schedule, 2) == "connect");
    CHECK(schedule.connect_failed(failure, "too many", kNow).empty());
    CHECK(schedule.is_online());
    CHECK_FALSE(schedule.take_notice());
    CHECK_FALSE(schedule.refusal(kNow));
    CHECK(next(schedule, 2, kNow + minutes(59)) == "-");
    CHECK(next(schedule, 0) == "[]");
    CHECK(next(schedule, 2, kNow + hours(1)) == "connect");
  }
}

TEST_CASE("a server that is known to allow two connections is not asked for a third",
          "[pool][schedule]") {
  auto schedule = with_live(3, 2);
  schedule.allow(2);
  for (int i = 0; i < 4; ++i) schedule.push(job());
  CHECK(next(schedule, 2) == "-");
  schedule.disconnected(0, kNow);
  CHECK(next(schedule, 2) == "connect");
}

TEST_CASE("a lost connection may be made again below the limit", "[pool][schedule]") {
  auto schedule = with_live(3, 2);
  for (int i = 0; i < 4; ++i) schedule.push(job());
  REQUIRE(next(schedule, 2) == "connect");
  schedule.connect_failed(Failure::turned_away, "too many", kNow);
  schedule.disconnected(0, kNow);
  CHECK(next(schedule, 2) == "connect");
  schedule.connected(2, kNow);
  CHECK(next(schedule, 0) == "-");
}

TEST_CASE("one attempt that fails while others are logged in costs nobody anything",
          "[pool][schedule]") {
  auto schedule = with_live(2, 1);
  schedule.push(job());
  schedule.push(job());
  REQUIRE(next(schedule, 1) == "connect");
  CHECK(schedule.connect_failed(Failure::unreachable, "no route", kNow).empty());
  CHECK(schedule.is_online());
  CHECK(next(schedule, 1, kNow + seconds(29)) == "-");
  CHECK(next(schedule, 1, kNow + seconds(30)) == "connect");
}

TEST_CASE("what takes no bulk work moves with the limit", "[pool][schedule]") {
  auto schedule = with_live(3, 3);
  schedule.push(job("bulk", Lane::bulk));
  CHECK(next(schedule, 0) == "-");
  schedule.disconnected(0, kNow);
  schedule.push(job());
  schedule.push(job());
  schedule.push(job());
  REQUIRE(next(schedule, 0) == "connect");
  schedule.connect_failed(Failure::turned_away, "too many", kNow);
  CHECK(next(schedule, 1) == "[]");  // not the bulk work, though it is older
  CHECK(next(schedule, 2) == "[bulk]");
  schedule.push(job("bulk", Lane::bulk));
  schedule.disconnected(2, kNow);
  REQUIRE(next(schedule, 2) == "connect");
  schedule.connect_failed(Failure::turned_away, "too many", kNow);
  CHECK(next(schedule, 1) == "[]");
  CHECK(next(schedule, 1) == "[]");
  CHECK(next(schedule, 1) == "[bulk]");  // it is the only one now
}

TEST_CASE("offline everything fails at once, and connection 0 alone tries again",
          "[pool][schedule]") {
  Schedule schedule(3);
  schedule.push(job());
  schedule.push(job());
  REQUIRE(next(schedule, 2) == "connect");
  CHECK(schedule.connect_failed(Failure::unreachable, "no route", kNow).size() == 2);
  CHECK_FALSE(schedule.is_online());
  CHECK_THROWS_AS(std::rethrow_exception(schedule.refusal(kNow)), imap::OfflineError);
  REQUIRE(schedule.wake_at(0, kNow));
  CHECK_FALSE(schedule.wake_at(1, kNow));
  const auto due = schedule.wake_at(0, kNow)->at();
  CHECK(due <= kNow + milliseconds(500));
  CHECK(next(schedule, 0, due - milliseconds(1)) == "-");
  CHECK(next(schedule, 1, due) == "-");
  CHECK(next(schedule, 0, due) == "connect");
  schedule.connected(0, kNow);
  CHECK(schedule.is_online());
  CHECK_FALSE(schedule.refusal(due));
}

TEST_CASE("a refused login is not repeated unless somebody asks", "[pool][schedule]") {
  Schedule schedule(2);
  schedule.push(job());
  REQUIRE(next(schedule, 0) == "connect");
  CHECK(schedule.connect_failed(Failure::login, "wrong password", kNow).size() == 1);
  CHECK_FALSE(schedule.wake_at(0, kNow));
  CHECK(next(schedule, 0, kNow + hours(24)) == "-");
  schedule.hurry(kNow + hours(24));
  CHECK(next(schedule, 0, kNow + hours(24)) == "-");
  CHECK_THROWS_AS(std::rethrow_exception(schedule.refusal(kNow)), imap::AuthenticationError);
  CHECK(next(schedule, 0, kNow + seconds(20)) == "-");
  CHECK(next(schedule, 0, kNow + seconds(30)) == "connect");
  schedule.connect_failed(Failure::login, "wrong password", kNow + seconds(30));
  CHECK(next(schedule, 0, kNow + hours(24)) == "-");
}

TEST_CASE("changes between reachable and not are told once and in order", "[pool][schedule]") {
  Schedule schedule(1);
  schedule.connect_failed(Failure::unreachable, "no route", kNow);
  schedule.connect_failed(Failure::unreachable, "still none", kNow);
  schedule.connected(0, kNow);
  CHECK(schedule.start_telling());
  CHECK_FALSE(schedule.start_telling());
  const auto first = schedule.take_notice();
  REQUIRE(first);
  CHECK_FALSE(first->online);
  CHECK(first->reason == "no route");
  CHECK(schedule.take_notice().value().online);
  CHECK_FALSE(schedule.take_notice());
  CHECK(schedule.start_telling());
}

TEST_CASE("nothing begins during a pause that the server asked for", "[pool][schedule]") {
  auto schedule = with_live(2, 1);
  schedule.push(job());
  schedule.push(job());
  schedule.hold(kNow + seconds(10));
  schedule.hold(kNow + seconds(5));
  for (const unsigned number : {0U, 1U}) {
    CHECK(next(schedule, number, kNow + seconds(9)) == "-");
    CHECK(schedule.wake_at(number, kNow) == imap::Deadline(kNow + seconds(10)));
  }
  CHECK(next(schedule, 1, kNow + seconds(10)) == "connect");
  CHECK(next(schedule, 0, kNow + seconds(10)) == "[]");
}

TEST_CASE("the end returns what is queued and accepts nothing more", "[pool][schedule]") {
  auto schedule = with_live(2, 2);
  schedule.push(job());
  CHECK(schedule.stop().size() == 1);
  CHECK(schedule.is_stopping());
  CHECK(next(schedule, 0) == "-");
  CHECK_THROWS_AS(std::rethrow_exception(schedule.refusal(kNow)), imap::CancelledError);
}

TEST_CASE("a mailbox to be watched gets a connection without any job", "[pool][schedule]") {
  Schedule schedule(3);
  schedule.keep_watch("a");
  CHECK(schedule.wanted_watcher(kNow) == 0U);
  CHECK(next(schedule, 2) == "connect");
  CHECK_FALSE(schedule.wanted_watcher(kNow));  // one is on its way
  CHECK(next(schedule, 0) == "-");
  schedule.connected(2, kNow);
  CHECK(next(schedule, 2) == "watch a");
  CHECK(told(schedule.next(2, "a", kNow)) == "-");
  CHECK(next(schedule, 0) == "-");
  CHECK_FALSE(schedule.wake_at(2, kNow));
}

TEST_CASE("a connection that has another mailbox open watches only if there is no other way",
          "[pool][schedule]") {
  auto schedule = with_live(2, 1);
  CHECK(told(schedule.next(0, "b", kNow)) == "-");
  schedule.keep_watch("a");
  CHECK(told(schedule.next(0, "b", kNow + seconds(2))) == "-");
  CHECK(schedule.wanted_watcher(kNow) == 1U);
  CHECK(next(schedule, 1, kNow + seconds(2)) == "connect");
  schedule.connect_failed(Failure::turned_away, "too many", kNow + seconds(2));
  schedule.push(job("b"));
  CHECK(told(schedule.next(0, "b", kNow + seconds(2))) == "[b]");
  // It has had no job for a second.
  CHECK(told(schedule.next(0, "b", kNow + seconds(3))) == "-");
  CHECK(schedule.wake_at(0, kNow + seconds(3)) == imap::Deadline(kNow + seconds(4)));
  CHECK(told(schedule.next(0, "b", kNow + seconds(4))) == "watch a");
}

TEST_CASE("a connection that watches leaves the only job for another mailbox to one that does not",
          "[pool][schedule]") {
  auto schedule = with_live(2, 2);
  schedule.keep_watch("a");
  CHECK(told(schedule.next(1, "a", kNow)) == "-");
  schedule.push(job("b"));
  CHECK(told(schedule.next(1, "a", kNow)) == "-");
  schedule.push(job("c"));
  CHECK(told(schedule.next(1, "a", kNow)) == "[b]");  // two are too many for the other
  CHECK(next(schedule, 0) == "[c]");
  schedule.push(job("d"));
  CHECK(told(schedule.next(1, "a", kNow)) == "[d]");  // the other has its hands full
  CHECK(next(schedule, 0) == "-");
  schedule.push(job("a"));
  CHECK(told(schedule.next(1, "a", kNow)) == "[a]");  // it is its own
}

TEST_CASE("a server that hangs up on those who watch is asked less and less often",
          "[pool][schedule]") {
  Schedule schedule(2);
  schedule.keep_watch("a");
  auto now = kNow;
  for (const int longest : {500, 1000, 2000}) {
    CHECK(next(schedule, 0, now) == "connect");
    schedule.connected(0, now);
    CHECK(next(schedule, 0, now) == "watch a");
    schedule.disconnected(0, now);
    CHECK(next(schedule, 0, now) == "-");
    const auto wake = schedule.wake_at(0, now);
    REQUIRE(wake);
    CHECK(wake->at() > now + milliseconds(longest) / 2);
    CHECK(wake->at() <= now + milliseconds(longest));
    now = wake->at();
  }
  CHECK(next(schedule, 0, now) == "connect");
  schedule.connected(0, now);
  schedule.disconnected(0, now + minutes(5));  // one that lasted is made anew at once
  CHECK(next(schedule, 0, now + minutes(5)) == "connect");
}

TEST_CASE("a mailbox that cannot be opened is not tried again at once", "[pool][schedule]") {
  auto schedule = with_live(1, 1);
  schedule.keep_watch("a");
  CHECK(next(schedule, 0) == "watch a");
  schedule.watch_refused(kNow);
  CHECK(next(schedule, 0) == "-");
  CHECK(schedule.wake_at(0, kNow)->at() > kNow);
  CHECK(next(schedule, 0, kNow + seconds(1)) == "watch a");
}
