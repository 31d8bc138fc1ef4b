#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <algorithm>
#include <memory>
#include <string>

using namespace std::string_literals;
using imap::NewMessage;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using tests::play;
using tests::play_negotiated;
using tests::Script;

namespace {

/// A message that yields its text in pieces of three octets.
NewMessage message(const std::string& text) {
  NewMessage made;
  made.size = text.size();
  made.source = [text, at = std::size_t{0}](std::span<std::byte> into) mutable {
    const auto piece = std::min({into.size(), text.size() - at, std::size_t{3}});
    std::ranges::copy(std::as_bytes(std::span(text).subspan(at, piece)), into.begin());
    at += piece;
    return piece;
  };
  return made;
}

}  // namespace

TEST_CASE("a message is sent when the server wants it", "[session][append]") {
  auto letter = message("hello\r\n");
  letter.flags.add("\\Seen");
  letter.internal_date = 1'783'416'600;
  CHECK(play("UIDPLUS",
             {"C: $2 APPEND \"Sent\" (\\Seen) \" 7-Jul-2026 09:30:00 +0000\" {7}", "S: + go on",
              "C+ hello\r\n", "C: ", "S: $2 OK [APPENDUID 38505 3955] done"},
             [&](Session& session) {
               const auto at = session.append("Sent", letter);
               REQUIRE(at);
               CHECK(at->uid == Uid{3955});
             }) == Script::none);
}

TEST_CASE("a small message is sent unasked where the server takes that", "[session][append]") {
  const std::string hello = "hello\r\n";
  CHECK(play("LITERAL+",
             {"C: $2 APPEND \"a\" () {7+}", "C+ hello\r\n", "C: ", "S: $2 OK",
              "C: $3 APPEND \"a\" () {7+}", "C+ hello\r\n", "C: ", "S: $3 NO [OVERQUOTA] full",
              "C: $4 NOOP", "S: $4 OK"},
             [&](Session& session) {
               CHECK_FALSE(session.append("a", message(hello)));
               CHECK_THROWS_AS(session.append("a", message(hello)), imap::CommandError);
               session.noop();
             }) == Script::none);
}

TEST_CASE("a message is not sent unasked that is too large for that", "[session][append]") {
  const auto [capability, size] =
      GENERATE(std::pair("LITERAL-", 4097), std::pair("LITERAL+", (64 << 10) + 1));
  const std::string text(static_cast<std::size_t>(size), 'x');
  const auto octets = std::to_string(size);
  CHECK(play(capability,
             {"C: $2 APPEND \"a\" () {" + octets + "}", "S: + ", "C+ " + text, "C: ", "S: $2 OK"},
             [&](Session& session) { CHECK_FALSE(session.append("a", message(text))); }) ==
        Script::none);
  const std::string less(static_cast<std::size_t>(size) - 1, 'x');
  CHECK(play(capability,
             {"C: $2 APPEND \"a\" () {" + std::to_string(size - 1) + "+}", "C+ " + less,
              "C: ", "S: $2 OK"},
             [&](Session& session) { CHECK_FALSE(session.append("a", message(less))); }) ==
        Script::none);
}

TEST_CASE("several messages are sent before the first answer, and one is refused alone",
          "[session][append]") {
  std::vector<std::string> told;
  CHECK(play("LITERAL+ UIDPLUS APPENDLIMIT=9",
             {"C: $2 APPEND \"a\" () {3+}", "C+ one", "C: ", "C: $3 APPEND \"a\" () {3+}", "C+ two",
              "C: ", "C: $4 APPEND \"a\" () {5+}", "C+ three",
              "C: ", "S: $2 OK [APPENDUID 9 21] done", "S: * 7 EXISTS", "S: $3 NO [OVERQUOTA] full",
              "S: $4 OK done"},
             [&](Session& session) {
               session.append_all(
                   "a",
                   {message("one"), message("two"), message("more than nine"), message("three")},
                   [&](std::size_t index, const auto& uid, const std::exception_ptr& refused) {
                     auto line = std::to_string(index);
                     if (uid) line += " at " + std::to_string(uid->uid.value);
                     try {
                       if (refused) std::rethrow_exception(refused);
                     } catch (const imap::CommandError& error) {
                       line += " " + error.code();
                     }
                     told.push_back(line);
                   });
             }) == Script::none);
  CHECK(told == std::vector<std::string>{"0 at 21", "1 OVERQUOTA", "2 TOOBIG", "3"});
}

TEST_CASE("what is not answered when the connection breaks is not told of", "[session][append]") {
  std::size_t told = 0;
  CHECK(play("LITERAL+",
             {"C: $2 APPEND \"a\" () {3+}", "C+ one", "C: ", "C: $3 APPEND \"a\" () {3+}", "C+ two",
              "C: ", "S: $2 OK"},
             [&](Session& session) {
               CHECK_THROWS_AS(session.append_all("a", {message("one"), message("two")},
                                                  [&](auto...) { ++told; }),
                               imap::ConnectionError);
             }) == Script::none);
  CHECK(told == 1);
}

TEST_CASE("a server may take a message and not say where it is", "[session][append]") {
  CHECK(
      play("UIDPLUS",
           {"C: $2 APPEND \"a\" () {2}", "S: + ", "C+ hi", "C: ", "S: $2 OK",  // proton-bridge#170
            "C: $3 APPEND \"a\" () {2}", "S: + ", "C+ hi", "C: ", "S: $3 OK [COPYUID 1 2 3] odd",
            "C: $4 APPEND \"a\" () {0}", "S: + ", "C: ", "S: $4 NO empty message"},
           [](Session& session) {
             CHECK_FALSE(session.append("a", message("hi")));
             CHECK_FALSE(session.append("a", message("hi")));
             CHECK_THROWS_AS(session.append("a", message("")), imap::CommandError);
             CHECK(session.is_usable());
           }) == Script::none);
}

TEST_CASE("APPENDUID counts only in the answer to APPEND", "[session][append]") {
  // CVE-2021-3578: one for another command overwrote a pointer of mbsync.
  CHECK(play("UIDPLUS",
             {"C: $2 NOOP", "S: * OK [APPENDUID 1 66]", "S: $2 OK [APPENDUID 1 67]",
              "C: $3 APPEND \"a\" () {2}", "S: + ", "C+ hi", "C: ", "S: $3 OK"},
             [](Session& session) {
               session.noop();
               CHECK_FALSE(session.append("a", message("hi")));
             }) == Script::none);
}

TEST_CASE("a message that the server refuses is not sent", "[session][append]") {
  CHECK(
      play("",
           {"C: $2 APPEND \"x\" () {5}", "S: $2 NO [TRYCREATE] no such mailbox",
            "C: $3 APPEND \"a\" () {5}", "S: $3 BAD [TOOBIG] too large", "C: $4 NOOP", "S: $4 OK"},
           [](Session& session) {
             try {
               session.append("x", message("hello"));
               FAIL("accepted");
             } catch (const imap::CommandError& error) {
               CHECK(error.code() == "TRYCREATE");
               CHECK(error.what() == "APPEND: NO [TRYCREATE] no such mailbox"s);
             }
             CHECK_THROWS_AS(session.append("a", message("hello")), imap::CommandError);
             session.noop();
           }) == Script::none);
}

TEST_CASE("what exceeds the server's limit is not begun", "[session][append][limits]") {
  CHECK(play("APPENDLIMIT=5", {"C: $2 APPEND \"a\" () {5}", "S: + ", "C+ hello", "C: ", "S: $2 OK"},
             [](Session& session) {
               session.append("a", message("hello"));
               try {
                 session.append("a", message("hello!"));
                 FAIL("accepted");
               } catch (const imap::CommandError& error) {
                 CHECK(error.code() == "TOOBIG");
               }
             }) == Script::none);
}

TEST_CASE("where each mailbox has a limit of its own it is asked for once", "[session][append]") {
  CHECK(play("APPENDLIMIT",
             {"C: $2 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN APPENDLIMIT)",
              "S: * STATUS a (APPENDLIMIT 4)", "S: $2 OK",
              "C: $3 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN APPENDLIMIT)",
              "S: * STATUS b (APPENDLIMIT NIL)", "S: $3 OK", "C: $4 APPEND \"b\" () {5}", "S: + ",
              "C+ hello", "C: ", "S: $4 OK"},
             [](Session& session) {
               CHECK_THROWS_AS(session.append("a", message("hello")), imap::CommandError);
               CHECK_THROWS_AS(session.append("a", message("hello")), imap::CommandError);
               session.append("b", message("hello"));
             }) == Script::none);
}

TEST_CASE("NUL needs BINARY", "[session][append]") {
  auto binary = message("a\0b"s);
  binary.content = NewMessage::Content::binary;
  CHECK(play("BINARY", {"C: $2 APPEND \"a\" () ~{3}", "S: + ", "C+ a\0b"s, "C: ", "S: $2 OK"},
             [&](Session& session) { session.append("a", binary); }) == Script::none);
  CHECK(play("IMAP4rev1", {}, [&](Session& session) {
          CHECK_THROWS_AS(session.append("a", binary), imap::UnsupportedError);
        }) == Script::none);
}

TEST_CASE("UTF-8 in headers has a form of its own where it is on", "[session][append]") {
  auto letter = message("S: \xC3\xBC");
  letter.content = NewMessage::Content::utf8_headers;
  CHECK(play_negotiated(
            "ENABLE UTF8=ACCEPT",
            {"C: $2 ENABLE UTF8=ACCEPT", "S: * ENABLED UTF8=ACCEPT", "S: $2 OK",
             "C: $3 APPEND \"a\" () UTF8 (~{5}", "S: + ", "C+ S: \xC3\xBC", "C: )", "S: $3 OK"},
            [&](Session& session) { session.append("a", letter); }) == Script::none);
  CHECK(play("UTF8=ACCEPT",
             {"C: $2 APPEND \"a\" () {5}", "S: + ", "C+ S: \xC3\xBC", "C: ", "S: $2 OK"},
             [letter](Session& session) {
               auto again = message("S: \xC3\xBC");
               again.content = letter.content;
               session.append("a", again);
             }) == Script::none);
}

TEST_CASE("a message that ends early ends the session", "[session][append]") {
  auto shorter = message("hello");
  shorter.size = 6;
  CHECK(play("IMAP4rev1", {"C: $2 APPEND \"a\" () {6}", "S: + ", "S! silence"},
             [&](Session& session) {
               CHECK_THROWS_AS(session.append("a", shorter), imap::ConnectionError);
               CHECK_FALSE(session.is_usable());
             }) == Script::none);
}

TEST_CASE("a keyword that is no atom is refused before anything is sent", "[session][append]") {
  auto letter = message("x");
  letter.flags.add("two words");
  CHECK(play("IMAP4rev1", {}, [&](Session& session) {
          CHECK_THROWS_AS(session.append("a", letter), std::invalid_argument);
          CHECK(session.is_usable());
        }) == Script::none);
}

TEST_CASE("REPLACE tells the new UID before the old one is expunged", "[session][replace]") {
  CHECK(play("REPLACE",
             {"C: $2 SELECT \"Drafts\"", "S: * 5 EXISTS", "S: $2 OK",
              "C: $3 UID REPLACE 2000 \"Drafts\" () {5}", "S: + ", "C+ hello",
              "C: ", "S: * OK [APPENDUID 1 2001] Replacement Message ready", "S: * 6 EXISTS",
              "S: * 4 EXPUNGE", "S: $3 OK Replace completed"},
             [](Session& session) {
               session.select("Drafts", Session::Refresh::no);
               CHECK(session.replace(Uid{2000}, "Drafts", message("hello"))->uid == Uid{2001});
               CHECK(session.selected()->exists == 5);
             }) == Script::none);
  CHECK(play("IMAP4rev1", {}, [](Session& session) {
          CHECK_THROWS_AS(session.replace(Uid{2}, "a", message("hello")), imap::UnsupportedError);
        }) == Script::none);
}
