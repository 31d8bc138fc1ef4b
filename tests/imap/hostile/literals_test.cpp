// Literals that lie: longer than they say, shorter, larger than any memory, or no literals at all.
#include "imap/base/errors.h"
#include "tests/imap/hostile/memory_use.h"
#include "tests/imap/hostile/replay.h"
#include "tests/imap/hostile/watchdog.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>
#include <vector>

using namespace std::string_literals;
using imap::Session;
using imap::Uid;
using imap::UidSet;

namespace {

using Bodies = std::vector<std::string>;

struct Fetched {
  Bodies bodies;
  std::string error;
  bool usable = false;
  std::size_t memory = 0;
};

/// What comes of asking for message 7 when the server says this.
Fetched fetch(const std::string& answer) {
  Fetched fetched;
  const tests::Watchdog watchdog;
  tests::RecordingSink sink;
  auto stream = std::make_unique<tests::Replay>(
      tests::past_login("IMAP4rev1", {{"$ UID FETCH 7 (UID BODY.PEEK[])", answer}}));
  const tests::MemoryUse memory;
  const auto session = Session::open(std::move(stream), tests::alice(), {});
  try {
    session->fetch_bodies(UidSet(Uid{7}), sink);
  } catch (const imap::Error& error) {
    fetched.error = error.what();
  }
  fetched.memory = memory.peak();
  fetched.usable = session->is_usable();
  fetched.bodies = sink.delivered();
  return fetched;
}

}  // namespace

TEST_CASE("a body whose length is a lie is nobody's", "[session][hostile][literals]") {
  const auto end = ")\r\n$ OK done\r\n"s;
  struct Lie {
    std::string answer;
    Bodies bodies;
    bool usable;
  };
  for (const auto& lie : std::vector<Lie>{
           // the truth
           {"* 1 FETCH (UID 7 BODY[] {5}\r\nhello" + end, {"7=hello"}, true},
           {"* 1 FETCH (UID 7 BODY[] {5}\r\nhello\r\n" + end, {"7=hello"}, true},
           // longer than announced: the rest is no row
           {"* 1 FETCH (UID 7 BODY[] {4}\r\nhello" + end, {"?=hell"}, true},
           {"* 1 FETCH (UID 7 BODY[] {1}\r\nhello\r\n" + end, {"?=h"}, true},
           {"* 1 FETCH (UID 7 BODY[] {0}\r\nhello" + end, {"?="}, true},
           {"* 1 FETCH (UID 7 BODY[] {1}\r\nh\r\n* 1 FETCH (UID 8 BODY[] {3}\r\nbad" + end,
            {"?=h"},
            true},
           {"* 1 FETCH (UID 7 BODY[] {1}\r\nhABC9 OK done\r\n$ OK\r\n", {"?=h"}, true},
           // shorter than announced: it takes what follows with it, and that is the end
           {"* 1 FETCH (UID 7 BODY[] {6}\r\nhello" + end, {"?=hello)"}, true},
           {"* 1 FETCH (UID 7 BODY[] {30}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {100}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {536870912}\r\nhello" + end, {}, false},
           // larger than is accepted
           {"* 1 FETCH (UID 7 BODY[] {536870913}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {4294967296}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {4294967301}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {9223372036854775813}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {18446744073709551615}\r\nhello" + end, {}, false},
           {"* 1 FETCH (UID 7 BODY[] {18446744073709551621}\r\nhello" + end, {}, false},
           // none: what follows is a line of its own
           {"* 1 FETCH (UID 7 BODY[] {-5}\r\n$ OK\r\n", {}, true},
           {"* 1 FETCH (UID 7 BODY[] { 5}\r\n$ OK\r\n", {}, true},
           {"* 1 FETCH (UID 7 BODY[] {5 }\r\n$ OK\r\n", {}, true},
           {"* 1 FETCH (UID 7 BODY[] {0x5}\r\n$ OK\r\n", {}, true},
           {"* 1 FETCH (UID 7 BODY[] {}\r\n$ OK\r\n", {}, true},
           {"* 1 FETCH (UID 7 BODY[] {+}\r\n$ OK\r\n", {}, true},
           // once more: whoever takes bodies takes the first
           {"* 1 FETCH (UID 7 BODY[] {4}\r\ngood)\r\n* 1 FETCH (UID 7 BODY[] {3}\r\nbad" + end,
            {"7=good", "7=bad"},
            true},
           // of another message, or of none, or of two
           {"* 1 FETCH (UID 8 BODY[] {3}\r\nbad" + end, {}, true},
           {"* 1 FETCH (UID 0 BODY[] {3}\r\nbad" + end, {"?=bad"}, true},
           {"* 1 FETCH (BODY[] {3}\r\nbad" + end, {"?=bad"}, true},
           {"* 1 FETCH (UID 4294967303 BODY[] {3}\r\nbad" + end, {"?=bad"}, true},
           {"* 1 FETCH (UID 7 BODY[] {3}\r\nbad UID 8" + end, {"?=bad"}, true},
           {"* 1 FETCH (UID 8 BODY[] {3}\r\nbad UID 7" + end, {}, true},
           {"* 1 FETCH (BODY[] {3}\r\nbad UID 8" + end, {"?=bad"}, true},
           {"* 1 FETCH (BODY[] {4}\r\ngood UID 7" + end, {"7=good"}, true},
       }) {
    INFO(lie.answer);
    const auto fetched = fetch(lie.answer);
    CHECK(fetched.bodies == lie.bodies);
    CHECK(fetched.usable == lie.usable);
    CHECK(fetched.error.empty() == lie.usable);
    CHECK(fetched.memory < std::size_t{1} << 20);
  }
}

TEST_CASE("nothing is allocated by a length that was only announced",
          "[session][hostile][literals]") {
  for (const auto* before : {"* LIST () \"/\" ",
                             "* LIST (",
                             "* LSUB () \"/\" ",
                             "* STATUS ",
                             "* QUOTA ",
                             "* NAMESPACE ((",
                             "* FLAGS (",
                             "* ID (",
                             "* OK [X ",
                             "$ OK [COPYUID ",
                             "* ESEARCH (TAG ",
                             "* CAPABILITY ",
                             "* X ",
                             "* 1 FETCH (UID 7 FLAGS (",
                             "* 1 FETCH (EMAILID (",
                             "* 1 FETCH (UID 7 INTERNALDATE ",
                             "* 1 FETCH (UID 7 X-GM-LABELS (",
                             "* 1 FETCH (UID 7 BODY[HEADER] ",
                             "* 1 FETCH (UID 7 BODY[] ~",
                             "* 1 FETCH (UID 7 RFC822 ",
                             "* 1 FETCH (UID 7 BINARY[] ~",
                             "* 1 FETCH (UID 7 X ",
                             "X ",
                             "$ "}) {
    for (const auto* size : {"1048576", "4294967295", "4294967296", "9223372036854775807",
                             "18446744073709551615", "99999999999999999999999999"}) {
      const auto answer = before + "{"s + size + "}\r\nhello";
      INFO(answer);
      const auto fetched = fetch(answer);
      CHECK_FALSE(fetched.error.empty());
      CHECK_FALSE(fetched.usable);
      CHECK(fetched.bodies.empty());
      CHECK(fetched.memory < std::size_t{1} << 20);
    }
  }
}
