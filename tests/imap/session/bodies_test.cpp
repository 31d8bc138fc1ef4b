#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <algorithm>
#include <random>
#include <string>

using namespace std::string_literals;
using imap::Uid;
using imap::UidSet;
using tests::after_login;
using tests::open_session;
using tests::RecordingSink;
using tests::Script;
using Delivered = std::vector<std::string>;

namespace {

/// What the sink has of UIDs 7 to 9 when the server answers with these rows.
Delivered fetched(const std::vector<std::string>& rows) {
  Script::Lines lines{"C: $2 UID FETCH 7:9 (UID BODY.PEEK[])"};
  for (const auto& row : rows) lines.push_back("S: * 1 FETCH (" + row + ")");
  lines.emplace_back("S: $2 OK");
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  RecordingSink sink;
  session->fetch_bodies(UidSet(Uid{7}, Uid{9}), sink);
  CHECK(session->is_usable());
  CHECK(script.deviations() == Script::none);
  return sink.delivered();
}

}  // namespace

TEST_CASE("bodies are delivered with their UID, before or after them", "[session][bodies]") {
  CHECK(fetched({"UID 7 BODY[] {5}\r\nhello", "BODY[] {3}\r\nabc UID 8",
                 "uid 9 body[] {1}\r\nx"}) == Delivered{"7=hello", "8=abc", "9=x"});
}

TEST_CASE("a body is delivered in every form of a string", "[session][bodies]") {
  CHECK(fetched({"UID 7 BODY[] \"quoted\"", "BODY[] \"\" UID 8", "UID 9 BODY[] {0}\r\n"}) ==
        Delivered{"7=quoted", "8=", "9="});
  CHECK(fetched({"UID 7 BODY[]<0> {2}\r\nab", "UID 8 RFC822 {2}\r\ncd",
                 "UID 9 BINARY[] ~{2}\r\ne\0"s}) == Delivered{"7=ab", "8=cd", "9=e\0"s});
  CHECK(fetched({"UID 7 BODY[] {2+}\r\nab"}) == Delivered{"7=ab"});
}

TEST_CASE("no body is no empty body", "[session][bodies]") {
  CHECK(fetched({"UID 7 BODY[] NIL", "UID 8 FLAGS ()"}).empty());
}

TEST_CASE("a part of a body is not delivered as the whole", "[session][bodies]") {
  CHECK(fetched({"UID 7 BODY[]<5> {2}\r\nab", "UID 8 BODY[]<5> \"ab\"",
                 "UID 9 BODY[TEXT] {2}\r\nab", "UID 9 BODY[HEADER] {2}\r\nab"})
            .empty());
}

TEST_CASE("a body that was not asked for is not delivered", "[session][bodies]") {
  CHECK(fetched({"UID 5 BODY[] {2}\r\nab", "UID 6 BODY[] \"ab\""}).empty());
  CHECK(fetched({"BODY[] {2}\r\nab UID 5"}) == Delivered{"?=ab"});
}

TEST_CASE("a body without a UID, or with two, is that of no message", "[session][bodies]") {
  CHECK(fetched({"BODY[] {2}\r\nab"}) == Delivered{"?=ab"});
  CHECK(fetched({"UID 7 BODY[] {2}\r\nab UID 8"}) == Delivered{"?=ab"});
  CHECK(fetched({"UID 7 BODY[] {2}\r\nab X )"}).at(0) == "?=ab");
}

TEST_CASE("a body may look like protocol", "[session][bodies]") {
  // The tag in place of $2 has two octets more.
  const auto body = "x)\r\n$2 OK\r\n* BYE\r\n* 1 FETCH (UID 8 BODY[] {3}\r\nabc)\r\n"s;
  const auto bodies =
      fetched({"UID 7 BODY[] {" + std::to_string(body.size() + 2) + "}\r\n" + body});
  REQUIRE(bodies.size() == 1);
  CHECK(bodies[0].starts_with("7=x)\r\n"));
  CHECK(bodies[0].ends_with("abc)\r\n"));
}

TEST_CASE("a large body arrives in pieces and unharmed", "[session][bodies]") {
  std::string body(5'000'000, '\0');
  std::mt19937 random(1);
  for (auto& c : body) c = static_cast<char>(random());
  std::ranges::replace(body, '$', '#');  // the script would put tags there
  Script script(after_login(
      "IMAP4rev1", {"C: $2 UID FETCH 7 (UID BODY.PEEK[])",
                    "S+ * 1 FETCH (UID 7 BODY[] {5000000}\r\n", "S+ " + body, "S: )", "S: $2 OK"}));
  const auto session = open_session(script);
  RecordingSink sink;
  session->fetch_bodies(UidSet(Uid{7}), sink);
  REQUIRE(sink.bodies().size() == 1);
  CHECK(sink.bodies()[0].announced == Uid{7});
  CHECK(sink.bodies()[0].size == 5'000'000);
  CHECK(sink.bodies()[0].pieces > 10);
  CHECK((sink.bodies()[0].octets == body));  // in parentheses: not to be printed
  CHECK(sink.bodies()[0].uid == Uid{7});
  CHECK(session->received() > 5'000'000);
}

TEST_CASE("a body larger than the limit ends the session", "[session][bodies]") {
  auto settings = tests::patient();
  settings.limits.body = 10;
  Script script(after_login("IMAP4rev1", {"C: $2 UID FETCH 7 (UID BODY.PEEK[])",
                                          "S: * 1 FETCH (UID 7 BODY[] {11}", "S! silence"}));
  const auto session = open_session(script, settings);
  RecordingSink sink;
  CHECK_THROWS_AS(session->fetch_bodies(UidSet(Uid{7}), sink), imap::LimitError);
  CHECK_FALSE(session->is_usable());
  CHECK(sink.bodies().empty());
}

TEST_CASE("a sink that fails ends the session", "[session][bodies]") {
  class Failing final : public imap::BodySink {
    void begin(std::optional<Uid>, std::uint64_t) override {}
    void data(std::span<const std::byte>) override { throw std::runtime_error("disk full"); }
    void end(std::optional<Uid>) override {}
  };
  for (const auto* body : {"{5}\r\nhello", "\"hello\""}) {
    Script script(
        after_login("IMAP4rev1", {"C: $2 UID FETCH 7 (UID BODY.PEEK[])",
                                  "S: * 1 FETCH (UID 7 BODY[] "s + body + ")", "S: $2 OK"}));
    const auto session = open_session(script);
    Failing sink;
    CHECK_THROWS_AS(session->fetch_bodies(UidSet(Uid{7}), sink), std::runtime_error);
    CHECK_FALSE(session->is_usable());
  }
}

TEST_CASE("bodies that came before a NO are kept", "[session][bodies]") {
  Script script(after_login(
      "IMAP4rev1",
      {"C: $2 UID FETCH 7:9 (UID BODY.PEEK[])", "S: * 1 FETCH (UID 7 BODY[] {5}\r\nhello)",
       "S: $2 NO [EXPUNGEISSUED] no", "C: $3 NOOP", "S: $3 OK"}));
  const auto session = open_session(script);
  RecordingSink sink;
  CHECK_THROWS_AS(session->fetch_bodies(UidSet(Uid{7}, Uid{9}), sink), imap::CommandError);
  CHECK(sink.delivered() == Delivered{"7=hello"});
  session->noop();
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("no more bodies are asked for at once than the server allows", "[session][bodies]") {
  Script script(after_login(
      "MESSAGELIMIT=2", {"C: $2 UID FETCH 7:8 (UID BODY.PEEK[])", "S: * 1 FETCH (UID 7 BODY[] {1}",
                         "S: a)", "S: $2 OK", "C: $3 UID FETCH 9 (UID BODY.PEEK[])",
                         "S: * 3 FETCH (UID 9 BODY[] {1}", "S: c)", "S: $3 OK"}));
  const auto session = open_session(script);
  RecordingSink sink;
  session->fetch_bodies(UidSet(Uid{7}, Uid{9}), sink);
  CHECK(sink.delivered() == Delivered{"7=a", "9=c"});
  CHECK(script.deviations() == Script::none);
}
