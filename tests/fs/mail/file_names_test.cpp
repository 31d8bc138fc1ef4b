#include "fs/mail/file_names.h"

#include "imap/base/utf8.h"
#include "tests/support/catch.h"

#include <random>
#include <set>
#include <stdexcept>

namespace {

using fs::DayOf;
using fs::NameFields;
using fs::NameTemplate;
using fs::uid_of;

constexpr std::int64_t kNovember21 = 1795252500;  // 2026-11-21 09:15 UTC

std::string default_name(const NameFields& fields) {
  return NameTemplate(NameTemplate::kDefault, DayOf::utc).name(fields);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// Why `name` may not stand in a directory; empty when it may.
std::string objection(std::string_view name) {
  if (name.size() > fs::kMaxName) return "too long";
  if (name.empty() || name.front() == '.' || name.front() == '-') return "bad beginning";
  if (imap::one_line(name) != name) return "not one clean line";
  for (auto rest = name; !rest.empty();) {
    const auto unit = imap::first_utf8(rest);
    if (imap::is_format(*unit.character) || *unit.character == '/') return "bad character";
    rest.remove_prefix(unit.length);
  }
  return {};
}

std::string random_octets(std::mt19937& random, std::size_t max) {
  std::string octets(random() % max, '\0');
  const auto kind = random() % 3;
  for (auto& octet : octets) {
    octet = kind == 0 ? static_cast<char>(random())
                      : std::string_view("./- \n\xE2\x80\xAE\xF0\x9F\x98\x80{}%a")[random() % 16];
  }
  return octets;
}

}  // namespace

TEST_CASE("a name says when, who and what, and ends in the UID", "[fs][file_names]") {
  CHECK(default_name({kNovember21, "Alice Weber", "alice@example.org", "Quarterly figures",
                      8124}) == "2026-11-21 Alice Weber - Quarterly figures.8124.eml");
  CHECK(default_name({kNovember21, "", "alice@example.org", "Re: a.b", 1}) ==
        "2026-11-21 alice@example.org - Re: a.b.1.eml");
  CHECK(default_name({}) == "1970-01-01 unknown - no subject.0.eml");
  CHECK(default_name({.uid = 4294967295}) == "1970-01-01 unknown - no subject.4294967295.eml");
}

TEST_CASE("a name is made of any template", "[fs][file_names]") {
  const NameFields fields{kNovember21, "Alice", "a@b", "Hello", 7};
  const auto made = [&fields](std::string_view text) {
    return NameTemplate(text, DayOf::utc).name(fields);
  };
  CHECK(made("uid") == "7.eml");
  CHECK(made("{uid}.eml") == "7.eml");
  CHECK(made("{subject}.{uid}.eml") == "Hello.7.eml");
  CHECK(made("{from}_{date}.{uid}.eml") == "Alice_2026-11-21.7.eml");
  CHECK(made("mail.{uid}.eml") == "mail.7.eml");
  CHECK(made("\u00e9 [{subject}].{uid}.eml") == "\u00e9 [Hello].7.eml");
}

TEST_CASE("an invalid template says what is wrong", "[fs][file_names]") {
  const std::pair<std::string, std::string> templates[] = {
      {"", "must end in {uid}.eml"},
      {"{subject}.eml", "must end in {uid}.eml"},
      {"{uid}", "must end in {uid}.eml"},
      {"{uid}.EML", "must end in {uid}.eml"},
      {"{subject}{uid}.eml", "{uid} must follow a dot"},
      {"{subject} {uid}.eml", "{uid} must follow a dot"},
      {".{uid}.eml", "must not begin"},
      {".x.{uid}.eml", "must not begin"},
      {"-{subject}.{uid}.eml", "must not begin"},
      {" {subject}.{uid}.eml", "must not begin"},
      {"{uid}.{uid}.eml", "{uid} stands once"},
      {"{size}.{uid}.eml", "unknown placeholder {size}"},
      {"{}.{uid}.eml", "unknown placeholder {}"},
      {"{Subject}.{uid}.eml", "unknown placeholder"},
      {"{date} {date}.{uid}.eml", "{date} stands twice"},
      {"a}.{uid}.eml", "a } has no {"},
      {"{a.{uid}.eml", "a { has no }"},
      {"{date}/{subject}.{uid}.eml", "cannot have a /"},
      {"a\n.{uid}.eml", "control or invisible"},
      {"a\u202e.{uid}.eml", "control or invisible"},
      {"a\xFF.{uid}.eml", "not valid UTF-8"},
      {std::string(200, 'a') + ".{uid}.eml", "more than 100 bytes"},
  };
  for (const auto& [text, reason] : templates) {
    INFO(text);
    CHECK_THROWS_WITH(NameTemplate(text), Catch::Contains(reason));
    CHECK_THROWS_AS(NameTemplate(text), std::invalid_argument);
  }
}

TEST_CASE("what may not stand in a name is replaced or left out", "[fs][file_names]") {
  const std::pair<std::string_view, std::string_view> subjects[] = {
      {"a/b\\c", "a-b\\c"},
      {"../../etc/passwd", "..-..-etc-passwd"},
      {"\x01\x02\n\r\t\x7F", "no subject"},
      {"a\nb\u0085c", "a b c"},
      {"\u202egpj.exe", "gpj.exe"},
      {"\u200b\u2066\ufeff", "no subject"},
      {"a \u200b b", "a b"},
      {"\u00ad x \u00ad", "x"},
      {"a\u2028b", "a b"},
      {"bad \xFF octet", "bad \uFFFD octet"},
      {"e\u0301", "e\u0301"},  // NFD stays NFD
      {"  ", "no subject"},
      {"...", "..."},
      {"{uid}", "{uid}"},
  };
  for (const auto& [subject, shown] : subjects) {
    INFO(subject);
    CHECK(default_name({.from_name = "x", .subject = subject, .uid = 5}) ==
          "1970-01-01 x - " + std::string(shown) + ".5.eml");
  }
  CHECK(
      default_name({.from_name = "\u200b\n", .from_address = "a@b/c", .subject = "s", .uid = 5}) ==
      "1970-01-01 a@b-c - s.5.eml");
}

TEST_CASE("a name that begins with a field begins with neither dot nor dash", "[fs][file_names]") {
  const NameTemplate by_subject("{subject}.{uid}.eml");
  CHECK(by_subject.name({.subject = ".hidden", .uid = 1}) == "hidden.1.eml");
  CHECK(by_subject.name({.subject = " .. -rf", .uid = 1}) == "rf.1.eml");
  CHECK(by_subject.name({.subject = "...", .uid = 1}) == "no subject.1.eml");
  const NameTemplate by_sender("{from}.{uid}.eml");
  CHECK(by_sender.name({.from_name = "..", .from_address = "a@b", .uid = 1}) == "a@b.1.eml");
  CHECK(by_sender.name({.from_name = "..", .from_address = ".@b", .uid = 1}) == "@b.1.eml");
  CHECK(by_sender.name({.from_name = ".", .from_address = "-", .uid = 1}) == "unknown.1.eml");
}

TEST_CASE("a long name is cut at a character, the subject first", "[fs][file_names]") {
  const auto emoji = repeated("\U0001F600", 300);
  const auto words = repeated("w ", 200);

  const auto subject = default_name({.from_name = "Alice", .subject = emoji, .uid = 4294967295});
  CHECK(subject.starts_with("1970-01-01 Alice - \U0001F600"));
  CHECK(subject.size() > fs::kMaxName - 4);
  CHECK(objection(subject).empty());

  const auto sender = default_name({.from_name = emoji, .subject = "Hello", .uid = 4294967295});
  CHECK(sender.ends_with(" - Hello.4294967295.eml"));
  CHECK(sender.size() > fs::kMaxName - 4);
  CHECK(objection(sender).empty());

  const auto both = default_name({.from_name = emoji, .subject = emoji, .uid = 4294967295});
  CHECK(both.ends_with(" - " + repeated("\U0001F600", 8) + ".4294967295.eml"));
  CHECK(objection(both).empty());

  const auto at_space = default_name({.from_name = "Alice", .subject = words, .uid = 4294967295});
  CHECK(at_space.ends_with("w w.4294967295.eml"));
  CHECK(objection(at_space).empty());
}

TEST_CASE("a name leaves room for the longest UID", "[fs][file_names]") {
  const std::string subject(1000, 's');
  const auto one = default_name({.subject = subject, .uid = 1});
  const auto last = default_name({.subject = subject, .uid = 4294967295});
  CHECK(last.size() == fs::kMaxName);
  CHECK(one.size() == fs::kMaxName - 9);
}

TEST_CASE("any time has a date of four digits", "[fs][file_names]") {
  for (const auto time : {INT64_MIN, INT64_MIN + 1, std::int64_t{-62135596800}, std::int64_t{-1},
                          std::int64_t{253402300799}, INT64_MAX}) {
    for (const auto day : {DayOf::utc, DayOf::local_time}) {
      const auto name = NameTemplate("{date}.{uid}.eml", day).name({.time = time, .uid = 1});
      INFO(name);
      CHECK(name.size() == std::string_view("2026-11-21.1.eml").size());
    }
  }
  CHECK(NameTemplate("{date}.{uid}.eml", DayOf::utc).name({.time = -1, .uid = 1}) ==
        "1969-12-31.1.eml");
}

TEST_CASE("the UID is found in every name that ends in one", "[fs][file_names]") {
  CHECK(uid_of("8124.eml") == 8124U);
  CHECK(uid_of("2026-11-21 Alice Weber - Quarterly figures.8124.eml") == 8124U);
  CHECK(uid_of("an old name.8124.eml") == 8124U);
  CHECK(uid_of(".8124.eml") == 8124U);
  CHECK(uid_of("1.2.3.eml") == 3U);
  CHECK(uid_of("4294967295.eml") == 4294967295U);
  for (const std::string_view other : {"",
                                       ".eml",
                                       "eml",
                                       "0.eml",
                                       "08.eml",
                                       "x.08.eml",
                                       "4294967296.eml",
                                       "99999999999999.eml",
                                       "-1.eml",
                                       "+1.eml",
                                       " 1.eml",
                                       "1 .eml",
                                       "x1.eml",
                                       "x 1.eml",
                                       "1.EML",
                                       "1.eml ",
                                       "1.em",
                                       "1",
                                       "1.2",
                                       "a.eml",
                                       "1a.eml",
                                       "..eml",
                                       "1..eml",
                                       "0x1.eml",
                                       "\xD9\xA1.eml"}) {
    INFO(other);
    CHECK_FALSE(uid_of(other).has_value());
  }
}

TEST_CASE("any fields make a good name that holds the UID", "[fs][file_names]") {
  const NameTemplate templates[] = {
      NameTemplate(NameTemplate::kDefault),
      NameTemplate("uid"),
      NameTemplate("{subject}.{uid}.eml"),
      NameTemplate("{from}{subject}.{uid}.eml"),
      NameTemplate("{date}{from}.{uid}.eml"),
      NameTemplate(std::string(99, 'x') + "{subject}{date}{from}.{uid}.eml")};
  std::mt19937 random(8124);
  for (int round = 0; round < 3000; ++round) {
    const auto from_name = random_octets(random, 400);
    const auto from_address = random_octets(random, 400);
    const auto subject = random_octets(random, 400);
    const NameFields fields{static_cast<std::int64_t>(random()) << (random() % 32), from_name,
                            from_address, subject,
                            static_cast<std::uint32_t>(random() >> (random() % 32)) | 1U};
    for (const auto& by : templates) {
      const auto name = by.name(fields);
      INFO(Catch::StringMaker<std::string>::convert(name));
      REQUIRE(objection(name).empty());
      REQUIRE(uid_of(name) == fields.uid);
      REQUIRE(by.name(fields) == name);
    }
  }
}

TEST_CASE("messages of the same sender, day and subject have different names", "[fs][file_names]") {
  const std::string subject(1000, '7');
  std::set<std::string> names;
  for (std::uint32_t uid = 1; uid <= 2000; ++uid) {
    names.insert(default_name({.from_name = "7", .subject = subject, .uid = uid}));
  }
  CHECK(names.size() == 2000);
}
