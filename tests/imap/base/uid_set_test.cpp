#include "imap/base/uid_set.h"

#include "tests/support/catch.h"

#include <random>
#include <set>

namespace {

using imap::Uid;
using imap::UidSet;

UidSet parsed(std::string_view text) {
  return UidSet::parse(text, 1000).value();
}

std::set<std::uint32_t> expanded(const UidSet& set) {
  std::set<std::uint32_t> all;
  for (const auto& range : set.ranges()) {
    for (auto uid = range.first.value; uid <= range.last.value; ++uid) all.insert(uid);
  }
  return all;
}

}  // namespace

TEST_CASE("a UID set joins what touches and overlaps", "[imap][uid_set]") {
  UidSet set;
  for (const auto uid : {5U, 7U, 6U, 1U, 2U, 9U}) set.add(Uid{uid});
  CHECK(set.to_string() == "1:2,5:7,9");
  set.add(Uid{2}, Uid{8});
  CHECK(set.to_string() == "1:9");
  CHECK(set.size() == 9);
}

TEST_CASE("a UID set reads what servers write", "[imap][uid_set]") {
  CHECK(parsed("4,2:3,9:7").to_string() == "2:4,7:9");
  CHECK(parsed("0:1").to_string() == "1");  // Dovecot wrote this (dovecot/core#162)
  CHECK(parsed("0").empty());
  CHECK(parsed("").empty());
  CHECK(parsed("1,,3,").to_string() == "1,3");
  CHECK(parsed("1:4294967295").size() == 4294967295U);
  for (const auto* bad : {"1:*", "a", "1:2:3", "-1", "4294967296", "1 2", ":", "1:"}) {
    INFO(bad);
    CHECK_FALSE(UidSet::parse(bad, 1000).has_value());
  }
}

TEST_CASE("a UID set refuses more ranges than allowed", "[imap][uid_set]") {
  CHECK(UidSet::parse("1,3,5", 3).has_value());
  CHECK_FALSE(UidSet::parse("1,3,5,7", 3).has_value());
}

TEST_CASE("a UID set holds the largest UID", "[imap][uid_set]") {
  UidSet set(imap::kMaxUid);
  set.add(Uid{imap::kMaxUid.value - 1});
  CHECK(set.to_string() == "4294967294:4294967295");
  CHECK(set.contains(imap::kMaxUid));
  CHECK(set.without(UidSet(imap::kMaxUid)).to_string() == "4294967294");
}

TEST_CASE("the highest UIDs and those below a UID", "[imap][uid_set]") {
  const auto set = parsed("1:3,10,20:25");
  CHECK(set.highest(1).to_string() == "25");
  CHECK(set.highest(7).to_string() == "10,20:25");
  CHECK(set.highest(8).to_string() == "3,10,20:25");
  CHECK(set.highest(100) == set);
  CHECK(set.below(Uid{22}).to_string() == "1:3,10,20:21");
  CHECK(set.below(Uid{1}).empty());
}

TEST_CASE("UID set algebra agrees with std set", "[imap][uid_set]") {
  std::mt19937 random(20261123);  // NOLINT: the same sets in every run
  std::uniform_int_distribution<std::uint32_t> start(1, 60);
  std::uniform_int_distribution<std::uint32_t> width(0, 6);
  for (int round = 0; round < 500; ++round) {
    UidSet left;
    UidSet right;
    for (int i = 0; i < 8; ++i) {
      for (auto* set : {&left, &right}) {
        const auto first = start(random);
        set->add(Uid{first}, Uid{first + width(random)});
      }
    }
    const auto a = expanded(left);
    const auto b = expanded(right);
    std::set<std::uint32_t> minus;
    std::set<std::uint32_t> both;
    std::set<std::uint32_t> either = a;
    either.insert(b.begin(), b.end());
    for (const auto uid : a) (b.count(uid) != 0 ? both : minus).insert(uid);
    INFO(left.to_string() << " and " << right.to_string());
    CHECK(expanded(left.without(right)) == minus);
    CHECK(expanded(left.intersected(right)) == both);
    CHECK(left.size() == a.size());
    UidSet sum = left;
    sum.add(right);
    CHECK(expanded(sum) == either);
    CHECK(parsed(sum.to_string()) == sum);
  }
}
