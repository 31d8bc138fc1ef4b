// Servers that never stop: whatever they repeat without an end, and wherever, the session ends by
// itself and stays small.
#include "imap/base/errors.h"
#include "tests/imap/hostile/memory_use.h"
#include "tests/imap/hostile/replay.h"
#include "tests/imap/hostile/watchdog.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

using namespace std::string_literals;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using tests::Exchange;
using tests::Recording;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// Small enough that each flood is over soon.
imap::Connection::Settings small() {
  imap::Connection::Settings settings;
  auto& limits = settings.limits;
  limits.long_line = kMiB;
  limits.response = 2 * kMiB;
  limits.literal = kMiB / 4;
  limits.body = kMiB;
  limits.answer = 4 * kMiB;
  limits.list_items = 10'000;
  limits.uid_ranges = 100'000;
  limits.responses = 20'000;
  limits.unasked = 1'000;
  return settings;
}

class Count final : public imap::BodySink {
 public:
  void begin(std::optional<Uid>, std::uint64_t) override {}
  void data(std::span<const std::byte> piece) override { octets_ += piece.size(); }
  void end(std::optional<Uid> uid) override { CHECK((!uid || uid == Uid{7})); }

 private:
  std::uint64_t octets_ = 0;
};

struct Flood {
  std::string begin;
  std::string for_ever;
};

const std::vector<Flood>& floods() {
  static const std::vector<Flood> kFloods{
      // one line
      {"", "x"},
      {"", " "},
      {"", "("},
      {"", std::string(1, '\0')},
      {"", "\xff"},
      {"", "\r"},
      {"* OK ", "x"},
      {"* OK [", "x"},
      {"* OK [ALERT \"", "\\\""},
      {"+ ", "QUJD"},
      {"* SEARCH", " 1"},
      {"* SEARCH", " 4294967295 1"},
      {"* ESEARCH UID ALL ", "1:4294967295,"},
      {"* ESEARCH ", "("},
      {"* VANISHED ", "9,1,"},
      {"* VANISHED (EARLIER) ", ","},
      {"* LIST ", "("},
      {"* LIST (", "\\x "},
      {"* LIST () \"/\" \"", "\\\\"},
      {"* STATUS ", "("},
      {"* STATUS x (", "MESSAGES 1 "},
      {"* CAPABILITY", " X"},
      {"* 1 FETCH ", "("},
      {"* 1 FETCH (", "FLAGS ("},
      {"* 1 FETCH (UID 7 X ", "("},
      {"* 1 FETCH (UID 7 FLAGS (", "\\Seen "},
      {"* 1 FETCH (UID 7 FLAGS (", "k "},
      {"* 1 FETCH (UID 7 X-GM-LABELS (", "k "},
      {"* 1 FETCH (UID 7 ", "BODY[] NIL "},
      {"* 1 FETCH (UID 7 BODY[", "["},
      {"* 1 FETCH (UID 7 BODY[] \"", "x"},
      // one response of many literals
      {"* 1 FETCH (UID 7 X ", "{1}\r\nx "},
      {"* 1 FETCH (UID 7 X ", "{0}\r\n"},
      {"* 1 FETCH (UID 7 ", "BODY[] {1}\r\nx "},
      {"* 1 FETCH (UID 7 X (", "{1}\r\n( "},
      {"* LIST ", "{1}\r\n("},
      {"* OK [X ", "{1}\r\nx "},
      {"* 1 FETCH (UID 7 BODY[] {5}\r\nhello", "\r\n"},
      {"* 1 FETCH (UID 7 BODY[] {5}\r\nhello\r\n", " "},
      // literals that begin and never end
      {"* 1 FETCH (UID 7 BODY[] {1048577}\r\n", "x"},
      {"* 1 FETCH (UID 7 BODY[] {4294967296}\r\n", "x"},
      {"* 1 FETCH (UID 7 BODY[HEADER] {262145}\r\n", "x"},
      {"* LIST () \"/\" {4294967296}\r\n", "x"},
      {"* LIST () \"/\" {18446744073709551615}\r\n", "x"},
      {"* LIST () \"/\" {18446744073709551616}\r\n", "x"},
      // one response after the other
      {"", "\r\n"},
      {"", "\n"},
      {"", std::string("\0\r\n", 3)},
      {"", "* \r\n"},
      {"", "+ \r\n"},
      {"", "* 1 EXISTS\r\n"},
      {"", "* 1 EXPUNGE\r\n"},
      {"", "* OK still here\r\n"},
      {"", "* OK [CLOSED] x\r\n"},
      {"", "* NO [ALERT] no\r\n"},
      {"", "* nonsense\r\n"},
      {"", "* 1 FETCH (((\r\n"},
      {"", "* 1 FETCH (UID 7 FLAGS ())\r\n"},
      {"", "* 1 FETCH (FLAGS (a b c))\r\n"},
      {"", "* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\n"},
      {"", "* 1 FETCH (BODY[] {5}\r\nhello)\r\n"},
      {"", "* 1 FETCH (UID 7 BODY[HEADER] \"a\")\r\n"},
      {"", "* LIST () \"/\" x\r\n"},
      {"", "* LSUB () \"/\" x\r\n"},
      {"", "* STATUS x (MESSAGES 1)\r\n"},
      {"", "* SEARCH 1 2 3\r\n"},
      {"", "* ESEARCH UID ALL 1:4294967295\r\n"},
      {"", "* VANISHED 1:4294967295\r\n"},
      {"", "* CAPABILITY A B C\r\n"},
      {"", "* OK [CAPABILITY A B C] x\r\n"},
      {"", "* FLAGS (a b c)\r\n"},
      {"", "* ENABLED A\r\n"},
      {"", "* ID (\"a\" \"b\")\r\n"},
      {"", "* QUOTA \"\" ()\r\n"},
      {"", "* NAMESPACE NIL NIL NIL\r\n"},
  };
  return kFloods;
}

/// Where in a session a server may begin.
struct Moment {
  std::string name;
  Recording before;     // the flood is the answer to what follows
  std::string command;  // empty: unasked, behind the last answer
  std::function<void(Session&)> act;
};

void log_in(Session&) {}

std::vector<Moment> moments() {
  const auto ready = tests::past_login("IMAP4rev1 IDLE ESEARCH", {});
  const Recording login{{"", "* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN ID] hi\r\n"}};
  auto opened = ready;
  opened.push_back({"$ EXAMINE \"INBOX\"", "* 9 EXISTS\r\n$ OK\r\n"});
  const auto within = [](auto act) {
    return [act](Session& session) {
      session.examine("INBOX", Session::Refresh::no);
      act(session);
    };
  };
  return {
      {"greeting", {}, "", log_in},
      {"AUTHENTICATE", login, "$ AUTHENTICATE LOGIN", log_in},
      {"CAPABILITY", {{"", "* PREAUTH hi\r\n"}}, "$ CAPABILITY", log_in},
      {"NOOP", ready, "$ NOOP",
       [](Session& session) {
         session.noop();
       }},
      {"LIST", ready, "$ LIST \"\" \"*\"",
       [](Session& session) {
         session.list();
       }},
      {"EXAMINE", ready, "$ EXAMINE \"INBOX\"",
       [](Session& session) {
         session.examine("INBOX", Session::Refresh::no);
       }},
      {"SEARCH", opened, "$ UID SEARCH RETURN (ALL) ALL",
       within([](Session& session) { session.search_all(); })},
      {"FETCH", opened, "$ UID FETCH 7 (UID BODY.PEEK[])", within([](Session& session) {
         Count sink;
         session.fetch_bodies(UidSet(Uid{7}), sink);
       })},
      {"FLAGS", opened, "$ UID FETCH 7 (UID FLAGS)",
       within([](Session& session) { session.fetch_flags(UidSet(Uid{7})); })},
      {"STORE", opened, "$ UID STORE 7 +FLAGS.SILENT (\\Seen)", within([](Session& session) {
         imap::Flags seen;
         seen.add("\\Seen");
         session.store(UidSet(Uid{7}), imap::FlagChange::add, seen);
       })},
      {"IDLE", opened, "$ IDLE", within([](Session& session) {
         session.idle();
         while (session.is_usable()) session.digest();
       })},
      {"between commands", opened, "", within([](Session& session) {
         while (session.is_usable()) session.digest();
       })},
  };
}

void check_floods(std::span<const Moment> when) {
  for (const auto& moment : when) {
    for (const auto& flood : floods()) {
      INFO(moment.name << ": " << flood.begin << flood.for_ever << "...");
      auto recording = moment.before;
      if (!recording.empty() && moment.command.empty()) {
        recording.back().answer += flood.begin;
        recording.back().for_ever = flood.for_ever;
      } else {
        recording.push_back({moment.command, flood.begin, flood.for_ever});
      }
      const tests::Watchdog watchdog;
      const tests::MemoryUse memory;
      CHECK_THROWS_AS(
          [&] {
            const auto session =
                Session::open(std::make_unique<tests::Replay>(recording), tests::alice(), small());
            moment.act(*session);
          }(),
          imap::Error);
      CHECK(memory.peak() < 24 * kMiB);
    }
  }
}

}  // namespace

// In parts, so that they run side by side.

TEST_CASE(
    "whatever a server repeats for ever before anything is open, the session ends and stays small",
    "[session][hostile]") {
  const auto all = moments();
  check_floods(std::span(all).first(6));
}

TEST_CASE("whatever a server repeats for ever in a mailbox, the session ends and stays small",
          "[session][hostile]") {
  const auto all = moments();
  check_floods(std::span(all).subspan(6));
}

TEST_CASE("a million open parentheses are dropped", "[session][hostile]") {
  const std::string open(1'000'000, '(');
  for (const auto* begin : {"* 1 FETCH ", "* 1 FETCH (UID 7 X ", "* 1 FETCH (UID 7 FLAGS ",
                            "* 1 FETCH (UID 7 BODYSTRUCTURE ", "* ESEARCH ", "* ESEARCH X "}) {
    for (const auto* end : {"\r\n", ")))\r\n"}) {
      INFO(begin);
      const tests::Watchdog watchdog;
      const auto session =
          Session::open(std::make_unique<tests::Replay>(tests::past_login(
                            "IMAP4rev1", {{"$ NOOP", begin + open + end + "$ OK\r\n"}})),
                        tests::alice(), {});
      session->noop();
      CHECK(session->is_usable());
    }
  }
}
