#include "fs/mail/scan.h"

#include "tests/support/catch.h"

#include <numeric>
#include <vector>

using fs::Scan;
using Direction = Scan::Direction;

namespace {

/// The next `count` UIDs in a mailbox without gaps.
std::vector<std::uint32_t> following(const Scan::Wish& wish, std::size_t count) {
  std::vector<std::uint32_t> uids;
  for (std::uint32_t i = 1; i <= count; ++i) {
    uids.push_back(wish.direction == Direction::up ? wish.beyond + i : wish.beyond - i);
  }
  return uids;
}

/// A scan that has foreseen its first window: from 1 up.
Scan begun_upwards() {
  Scan scan;
  scan.observe(1, std::nullopt);
  scan.observe(2, Direction::up);
  const auto wish = scan.wish();
  scan.foresee(following(*wish, wish->count), false);
  return scan;
}

}  // namespace

TEST_CASE("one read foresees nothing", "[fs][scan]") {
  Scan scan;
  CHECK_FALSE(scan.last());
  CHECK_FALSE(scan.advance(7));
  scan.observe(7, std::nullopt);
  CHECK(scan.last() == 7U);
  CHECK_FALSE(scan.wish());
}

TEST_CASE("two neighbours begin a scan in their direction", "[fs][scan]") {
  for (const auto direction : {Direction::up, Direction::down}) {
    Scan scan;
    scan.observe(100, std::nullopt);
    scan.observe(direction == Direction::up ? 101 : 99, direction);
    const auto wish = scan.wish();
    REQUIRE(wish);
    CHECK(wish->direction == direction);
    CHECK(wish->beyond == (direction == Direction::up ? 101U : 99U));
    CHECK(wish->count == 8);
  }
}

TEST_CASE("a wish is made once until it is answered", "[fs][scan]") {
  Scan scan;
  scan.observe(1, std::nullopt);
  scan.observe(2, Direction::up);
  REQUIRE(scan.wish());
  CHECK_FALSE(scan.wish());
}

TEST_CASE("what was foreseen advances the scan, and the window grows up to a limit", "[fs][scan]") {
  auto scan = begun_upwards();
  std::vector<std::size_t> windows;
  for (std::uint32_t uid = 3; uid < 9000; ++uid) {
    REQUIRE(scan.advance(uid));
    CHECK(scan.last() == uid);
    if (const auto wish = scan.wish()) {
      windows.push_back(wish->count);
      scan.foresee(following(*wish, wish->count), false);
    }
  }
  REQUIRE(windows.size() > 5);
  CHECK(std::vector<std::size_t>(windows.begin(), windows.begin() + 5) ==
        std::vector<std::size_t>{32, 128, 512, 2048, 2048});
}

TEST_CASE("reads a little out of order belong to the scan", "[fs][scan]") {
  auto scan = begun_upwards();
  CHECK(scan.advance(5));
  CHECK(scan.advance(6));
  // One of several threads may be behind the others.
  CHECK(scan.advance(3));
  CHECK(scan.advance(7));
}

TEST_CASE("a read elsewhere ends the scan", "[fs][scan]") {
  auto scan = begun_upwards();
  CHECK_FALSE(scan.advance(1000));
  scan.observe(1000, std::nullopt);
  CHECK_FALSE(scan.wish());
  CHECK_FALSE(scan.advance(3));
}

TEST_CASE("at the end of the mailbox nothing more is wished for", "[fs][scan]") {
  Scan scan;
  scan.observe(1, std::nullopt);
  scan.observe(2, Direction::up);
  const auto wish = scan.wish();
  scan.foresee(following(*wish, 3), true);
  for (const std::uint32_t uid : {3U, 4U, 5U}) {
    CHECK(scan.advance(uid));
    CHECK_FALSE(scan.wish());
  }
  CHECK_FALSE(scan.advance(6));
}

TEST_CASE("an answer that nobody wished for is dropped", "[fs][scan]") {
  Scan scan;
  scan.observe(1, std::nullopt);
  const std::vector<std::uint32_t> uids{2, 3};
  scan.foresee(uids, true);
  CHECK_FALSE(scan.advance(2));
}

TEST_CASE("most of what is foreseen may go ahead of its read, and some is kept back",
          "[fs][scan]") {
  Scan scan;
  scan.observe(1, std::nullopt);
  scan.observe(2, Direction::up);
  std::uint32_t last = 2;
  while (last < 200) {
    const auto wish = scan.wish();
    REQUIRE(wish);
    const auto uids = following(*wish, wish->count);
    scan.foresee(uids, false);
    // A reader that is heard of only where it has to be is followed all the same.
    std::size_t kept_back = 0;
    for (const auto uid : uids) {
      if (scan.may_go_ahead(uid)) continue;
      ++kept_back;
      CHECK(scan.advance(uid));
    }
    CHECK(kept_back == (uids.size() + 31) / 32);
    CHECK_FALSE(scan.may_go_ahead(uids.back()));
    last = uids.back();
  }
  CHECK_FALSE(scan.may_go_ahead(last + 1));
}

TEST_CASE("a scan goes on behind what it foresaw with as much as before", "[fs][scan]") {
  auto scan = begun_upwards();
  REQUIRE(scan.beyond() == 10U);
  scan.observe(12, Direction::up);
  const auto wish = scan.wish();
  REQUIRE(wish);
  CHECK(wish->beyond == 12);
  CHECK(wish->count == 32);
}
