#include "imap/base/errors.h"
#include "imap/wire/framer.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using namespace std::string_literals;
using imap::Limits;
using tests::frame_all;
using tests::Literals;

namespace {

constexpr std::size_t kWhole = std::size_t{1} << 30;

Limits small() {
  Limits limits;
  limits.line = 40;
  limits.long_line = 60;
  limits.literal = 10;
  limits.response = 70;
  limits.body = 20;
  limits.list_items = 3;
  return limits;
}

/// A line of `length` octets, the line break among them.
std::string line(const std::string& begin, std::size_t length) {
  return begin + std::string(length - begin.size() - 2, 'x') + "\r\n";
}

}  // namespace

TEST_CASE("a line may be as long as the limit and no longer", "[imap][framer][limits]") {
  CHECK(frame_all(line("* OK ", 40), kWhole, Literals::keep, small()).frames.size() == 1);
  CHECK_THROWS_AS(frame_all(line("* OK ", 41), kWhole, Literals::keep, small()),
                  imap::ProtocolError);
  CHECK_THROWS_AS(frame_all(line("* OK ", 41), 1, Literals::keep, small()), imap::ProtocolError);
}

TEST_CASE("results of searches and fetches may be longer", "[imap][framer][limits]") {
  for (const auto* begin :
       {"* SEARCH ", "* ESEARCH ", "* VANISHED ", "* 12 FETCH (", "* search "}) {
    INFO(begin);
    CHECK(frame_all(line(begin, 60), 1, Literals::keep, small()).frames.size() == 1);
    CHECK_THROWS_AS(frame_all(line(begin, 61), 1, Literals::keep, small()), imap::ProtocolError);
  }
}

TEST_CASE("a line that never ends is given up", "[imap][framer][limits]") {
  CHECK_THROWS_AS(frame_all(std::string(100, 'x'), 1, Literals::keep, small()),
                  imap::ProtocolError);
  CHECK_THROWS_AS(frame_all(std::string(std::size_t{70} << 10, '\0'), 4096), imap::ProtocolError);
}

TEST_CASE("empty lines between responses do not add up", "[imap][framer][limits]") {
  std::string octets;
  for (std::size_t i = 0; i < Limits{}.empty_lines; ++i) octets += "\r\n";
  const auto one = octets + "* OK\r\n";
  CHECK(frame_all(one + one, 5, Literals::keep, small()).frames.size() == 2);
  CHECK_THROWS_AS(frame_all("\n" + one, 5, Literals::keep, small()), imap::ProtocolError);
}

TEST_CASE("a literal may be as large as its limit and no larger", "[imap][framer][limits]") {
  const auto kept = [](int size) {
    return frame_all("* LIST () \"/\" {" + std::to_string(size) + "}\r\n" +
                         std::string(static_cast<std::size_t>(size), 'x') + "\r\n",
                     kWhole, Literals::keep, small());
  };
  CHECK(kept(10).frames.size() == 1);
  CHECK_THROWS_AS(kept(11), imap::LimitError);
  const auto streamed = [](int size) {
    return frame_all("* 1 FETCH (BODY[] {" + std::to_string(size) + "}\r\n" +
                         std::string(static_cast<std::size_t>(size), 'x') + ")\r\n",
                     kWhole, Literals::stream, small());
  };
  CHECK(streamed(20).streamed.size() == 20);
  CHECK_THROWS_AS(streamed(21), imap::LimitError);
}

TEST_CASE("a literal of 4 GiB is refused when it is announced", "[imap][framer][limits]") {
  for (const auto* size :
       {"4294967296", "4294967295", "9223372036854775808", "18446744073709551615"}) {
    const auto octets = "* 1 FETCH (BODY[] {"s + size + "}\r\n";
    CHECK_THROWS_AS(frame_all(octets + "x", kWhole), imap::LimitError);
    CHECK_THROWS_AS(frame_all(octets, kWhole, Literals::stream), imap::LimitError);
  }
  CHECK_THROWS_AS(frame_all("* X {18446744073709551616}\r\n", kWhole), imap::ProtocolError);
}

TEST_CASE("literals of one response do not add up beyond its limit", "[imap][framer][limits]") {
  const auto item = " {10}\r\n0123456789"s;
  CHECK(frame_all("* X" + item + item + "\r\n", 3, Literals::keep, small()).frames.size() == 1);
  auto limits = small();
  limits.list_items = 100;
  CHECK_THROWS_AS(
      frame_all("* X" + item + item + item + item + item + "\r\n", 3, Literals::keep, limits),
      imap::ProtocolError);
}

TEST_CASE("the literals of one response are counted", "[imap][framer][limits]") {
  const auto empty = " {0}\r\n"s;
  CHECK(
      frame_all("* X" + empty + empty + empty + "\r\n", 3, Literals::keep, small()).frames.size() ==
      1);
  CHECK_THROWS_AS(
      frame_all("* X" + empty + empty + empty + empty + "\r\n", 3, Literals::keep, small()),
      imap::ProtocolError);
}

TEST_CASE("a streamed literal counts towards no limit but its own", "[imap][framer][limits]") {
  auto limits = small();
  limits.body = 5'000'000;
  const std::string body(5'000'000, 'b');
  const auto framed = frame_all("* 1 FETCH (BODY[] {5000000}\r\n" + body + ")\r\n", 65536,
                                Literals::stream, limits);
  CHECK(framed.streamed == body);
  CHECK(framed.frames.size() == 1);
}
