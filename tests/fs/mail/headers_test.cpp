#include "fs/mail/headers.h"

#include "imap/base/utf8.h"
#include "tests/support/catch.h"

#include <array>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using fs::MessageHeaders;
using fs::parse_headers;

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// Whether `text` may be shown: valid, on one line, within its bound.
bool is_presentable(const std::string& text, std::size_t max_bytes = fs::kMaxHeader) {
  return text.size() <= max_bytes && imap::one_line(text) == text;
}

bool is_presentable(const MessageHeaders& headers) {
  return is_presentable(headers.subject) && is_presentable(headers.from_name) &&
         is_presentable(headers.from_address) && is_presentable(headers.to, fs::kMaxRecipients) &&
         is_presentable(headers.date) && is_presentable(headers.message_id) &&
         is_presentable(headers.list_id);
}

}  // namespace

TEST_CASE("the headers of an ordinary message are read", "[fs][headers]") {
  const auto headers = parse_headers(
      "Date: Sat, 21 Nov 2026 10:15:00 +0100\r\n"
      "From: Alice Weber <alice@example.org>\r\n"
      "To: Bob <bob@example.org>,\r\n"
      "\tcarol@example.net\r\n"
      "Subject: Quarterly\r\n"
      " figures\r\n"
      "Message-ID: <1234.5678@example.org>\r\n"
      "List-Id: People who count <counting.lists.example.org>\r\n"
      "\r\n");
  CHECK(headers == MessageHeaders{.subject = "Quarterly figures",
                                  .from_name = "Alice Weber",
                                  .from_address = "alice@example.org",
                                  .to = "Bob <bob@example.org>, carol@example.net",
                                  .date = "Sat, 21 Nov 2026 10:15:00 +0100",
                                  .date_time = 1795252500,
                                  .message_id = "1234.5678@example.org",
                                  .list_id = "counting.lists.example.org"});
}

TEST_CASE("a block without headers gives empty fields", "[fs][headers]") {
  for (const std::string_view block :
       {"", "\r\n", "\n", "\r\n\r\nSubject: of the body\r\n", "no colon at all", ":", ": x\r\n",
        " continuation of nothing\r\n", "Subject", "From alice Sat Nov 21\r\n", "\r", "\t\r\n"}) {
    INFO(block);
    CHECK(parse_headers(block) == MessageHeaders{});
  }
}

TEST_CASE("header lines are found as broken senders write them", "[fs][headers]") {
  CHECK(parse_headers("subject:x").subject == "x");
  CHECK(parse_headers("SUBJECT :  x  \n").subject == "x");
  CHECK(parse_headers("Subject:\r\n x\r\n").subject == "x");
  CHECK(parse_headers("Subject: a\n\tb\n c\n").subject == "a b c");
  CHECK(parse_headers("Subject: a\r\n \r\n b\r\n").subject == "a b");
  CHECK(parse_headers("Subject: a\rb\r\n").subject == "a b");
  CHECK(parse_headers(">From x\nSubject: a: b\n").subject == "a: b");
  CHECK(parse_headers("junk\n continued\nSubject: a\n").subject == "a");
  CHECK(parse_headers("Subject: a\n\nSubject: b\n").subject == "a");
  CHECK(parse_headers(std::string_view("Subject: a\0b\n", 13)).subject == "a b");
  CHECK(parse_headers(std::string_view("Sub\0ject: a\n", 12)).subject.empty());
}

TEST_CASE("of a repeated header the first counts", "[fs][headers]") {
  CHECK(parse_headers("Subject: a\nSubject: b\n c\nFrom: x@y\n").subject == "a");
  CHECK(parse_headers("Subject:\nSubject: b\n").subject.empty());
}

TEST_CASE("subjects are decoded for people", "[fs][headers]") {
  const std::pair<std::string_view, std::string_view> subjects[] = {
      {"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= Wien", "Gr\u00fc\u00dfe aus Wien"},
      {"=?UTF-8?B?8J+YgA==?=", "\U0001F600"},
      {"=?utf-8?B?8J+Y?= =?utf-8?B?gA==?=", "\U0001F600"},  // a character in two words
      {"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},            // space between words is none
      {"=?koi8-r?B?8NLJ18XU?=", "\u041f\u0440\u0438\u0432\u0435\u0442"},
      {"=?iso-2022-jp?B?GyRCJCIbKEI=?=", "\u3042"},
      {"=?gb18030?B?xOO6ww==?=", "\u4f60\u597d"},
      {"=?utf-8*de?Q?hallo?=", "hallo"},  // RFC 2231 language
      {"=?x-unheard-of?Q?caf=E9?=", "caf\u00e9"},
      {"=?x-unheard-of?Q?caf=C3=A9?=", "caf\u00e9"},
      {"=?utf-8?Q?two=0D=0Alines?=", "two lines"},
      {"=?utf-8?Q?a=1B[31mred?=", "a [31mred"},
      {"=?utf-8?Q?a=C2=9B31mred?=", "a 31mred"},
      {"=?utf-8?Q?spaces and_underscores?=", "spaces and underscores"},
      {"=?utf-8?Q?without an end", "=?utf-8?Q?without an end"},
      {"=?utf-8?X?other encoding?=", "=?utf-8?X?other encoding?="},
      {"=?utf-8?Q?=E2=80=AEgpj.exe?=", "\u202egpj.exe"},  // file names remove it
      {"=?utf-8?Q?"
       "?=",
       ""},
      {"Gr\xC3\xBC\xC3\x9F"
       "e",
       "Gr\u00fc\u00dfe"},  // UTF-8 that nobody declared
      {"Gr\xFC\xDF"
       "e",
       "Gr\u00fc\u00dfe"},                                   // Latin-1
      {"\x93quoted\x94 \x80", "\u201cquoted\u201d \u20ac"},  // windows-1252
      {"ok \xC3\xBC, cut \xC3", "ok \u00fc, cut \u00c3"},
      {"tab\tand  spaces ", "tab and spaces"},
      {"a\x01\x02\x03z", "a z"},
  };
  for (const auto& [raw, text] : subjects) {
    INFO(raw);
    CHECK(parse_headers("Subject: " + std::string(raw) + "\r\n").subject == text);
  }
}

TEST_CASE("charsets are known by the names that mail gives them", "[fs][headers]") {
  const std::pair<std::string_view, std::string_view> subjects[] = {
      {"=?iso-8859-8-i?Q?=F9?=", "\u05e9"},    {"=?ISO-8859-8-I*he?Q?=F9?=", "\u05e9"},
      {"=?ks_c_5601-1987?B?sKE=?=", "\uac00"}, {"=?Windows-31J?B?gqA=?=", "\u3042"},
      {"=?x-sjis?B?gqA=?=", "\u3042"},         {"=?x-gbk?B?xOM=?=", "\u4f60"},
      {"=?KOI8-R?Q?=D0?=", "\u043f"},
  };
  for (const auto& [raw, text] : subjects) {
    INFO(raw);
    CHECK(parse_headers("Subject: " + std::string(raw)).subject == text);
    CHECK(parse_headers("From: " + std::string(raw) + " <a@b>").from_name == text);
  }
  // What only begins like an encoded-word is left alone.
  CHECK(parse_headers("Subject: what=? really?").subject == "what=? really?");
  CHECK(parse_headers("Subject: =?").subject == "=?");
  CHECK(parse_headers("Subject: =?a?q").subject == "=?a?q");
}

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory for a while
TEST_CASE("charsets of a stranger's invention are not remembered", "[fs][headers]") {
  // GMime keeps each name for the life of the process: 50 MB here, were it to see them.
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t pages = 0;
    statm >> all >> pages;
    return pages * 4096;
  };
  const auto parse_many = [](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const auto name = std::to_string(i) + "-" + std::string(10'000, 'x');
      parse_headers("Subject: =?" + name + "?Q?x?=\nFrom: =?" + name + "?Q?x?= <a@b>\n");
    }
  };
  parse_many(0, 100);
  const auto before = resident();
  parse_many(100, 5000);
  CHECK(resident() < before + 10'000'000);
}
#endif

TEST_CASE("an encoded word that is broken loses no more than itself", "[fs][headers]") {
  for (const std::string_view raw :
       {"=?utf-8?Q?caf=E9?= end", "=?utf-8?B?8J+Y?= end", "=?utf-8?Q?=ED=A0=80?= end",
        "=?us-ascii?Q?caf=E9?= end", "=?utf-8?B?!!!!?= end", "=?utf-8?Q?=0?= end",
        "=?utf-8?Q?nul=00nul?= end", "=?utf-8?B?AAAA?= end", "=?//IGNORE?Q?=E9?= end",
        "=?../../etc?Q?=E9?= end", "=?utf-7?Q?+AGEA?= end", "=?utf-16?B?/v8AYQ==?= end"}) {
    INFO(raw);
    const auto subject = parse_headers("Subject: " + std::string(raw)).subject;
    CHECK(is_presentable(subject));
    CHECK(subject.ends_with("end"));
  }
}

TEST_CASE("the sender is a name and an address", "[fs][headers]") {
  struct Sender {
    std::string_view raw;
    std::string_view name;
    std::string_view address;
  };
  const Sender senders[] = {
      {"Alice Weber <alice@example.org>", "Alice Weber", "alice@example.org"},
      {"alice@example.org", "", "alice@example.org"},
      {"<alice@example.org>", "", "alice@example.org"},
      {"\"\" <alice@example.org>", "", "alice@example.org"},
      {"alice@example.org (Alice Weber)", "Alice Weber", "alice@example.org"},
      {"\"Weber, Alice\" <alice@example.org>", "Weber, Alice", "alice@example.org"},
      {"Weber, Alice <alice@example.org>", "Weber, Alice", "alice@example.org"},
      {"\"Alice \\\"A\\\" Weber\" <alice@example.org>", "Alice \"A\" Weber", "alice@example.org"},
      {"=?utf-8?Q?Weber=2C_Alice?= <alice@example.org>", "Weber, Alice", "alice@example.org"},
      {"\"=?utf-8?Q?J=C3=BCrgen?=\" <j@example.org>", "J\u00fcrgen", "j@example.org"},
      {"J\xFCrgen <j@example.org>", "J\u00fcrgen", "j@example.org"},
      {"=?utf-8?Q?a=40bank=2Eexample?= <thief@example.net>", "a@bank.example", "thief@example.net"},
      {"=?utf-8?Q?two=0Alines?= <a@example.org>", "two lines", "a@example.org"},
      {"Alice <alice@example.org", "Alice", "alice@example.org"},
      {"a@example.org, b@example.org", "", "a@example.org"},
      {",, a@example.org", "", "a@example.org"},
      {"team: Bob <bob@example.org>, carol@example.org;", "Bob", "bob@example.org"},
      {"outer: inner: bob@example.org;;", "", "bob@example.org"},
      {"undisclosed-recipients:;", "undisclosed-recipients", ""},
      {"MAILER-DAEMON", "", "MAILER-DAEMON"},
      {"MAILER-DAEMON (Mail Delivery System)", "", "MAILER-DAEMON"},
      {"Alice Weber", "Alice Weber", ""},
      {"Alice Weber <>", "Alice Weber", ""},
      {"<>", "", ""},
      {"", "", ""},
  };
  for (const auto& sender : senders) {
    INFO(sender.raw);
    const auto headers = parse_headers("From: " + std::string(sender.raw) + "\r\n");
    CHECK(headers.from_name == sender.name);
    CHECK(headers.from_address == sender.address);
  }
}

TEST_CASE("recipients stay as they were written", "[fs][headers]") {
  CHECK(parse_headers("To: undisclosed-recipients:;\n").to == "undisclosed-recipients:;");
  CHECK(parse_headers("To: \"Weber, Alice\" <a@b>,\n =?utf-8?Q?J=C3=BC?= <c@d>\n").to ==
        "\"Weber, Alice\" <a@b>, J\u00fc <c@d>");
  CHECK(parse_headers("To: nobody in particular\n").to == "nobody in particular");
}

TEST_CASE("dates that are none leave the text alone", "[fs][headers]") {
  CHECK(parse_headers("Date: yesterday\n").date == "yesterday");
  CHECK_FALSE(parse_headers("Date: yesterday\n").date_time.has_value());
  CHECK_FALSE(parse_headers("Date:\n").date_time.has_value());
  CHECK_FALSE(parse_headers("Date: 32 Foo 2026 00:00:00 +0000\n").date_time.has_value());
  CHECK(parse_headers("Date: 21 Nov 2026 09:15:00 GMT\n").date_time == 1795252500);
  CHECK(parse_headers("Date: Sat,21 Nov 26 10:15:00 +0100 (CET)\n").date_time == 1795252500);
}

TEST_CASE("identifiers lose their brackets", "[fs][headers]") {
  CHECK(parse_headers("Message-Id: <a@b>\n").message_id == "a@b");
  CHECK(parse_headers("Message-Id: a@b\n").message_id == "a@b");
  CHECK(parse_headers("Message-Id: <a@b\n").message_id == "a@b");
  CHECK(parse_headers("Message-Id: junk <a@b> more\n").message_id == "a@b");
  CHECK(parse_headers("Message-Id: <>\n").message_id.empty());
  CHECK(parse_headers("List-Id: plain.example.org\n").list_id == "plain.example.org");
  CHECK(parse_headers("List-Id: \"a list\"\n <l.example.org>\n").list_id == "l.example.org");
}

TEST_CASE("every field has a bound", "[fs][headers]") {
  const auto long_line = repeated("wordy ", 400);
  const auto folded = repeated("\u20ac\U0001F600\r\n ", 2000);
  const auto addresses = repeated("someone@example.org,\r\n ", 5000);
  for (const auto& value : {long_line, folded, addresses, std::string(1'000'000, 'x'),
                            std::string(100'000, '\xFC'), repeated("=?utf-8?Q?=F0?= ", 5000)}) {
    std::string block;
    for (const auto* name : {"Date", "From", "To", "Subject", "Message-ID", "List-Id"}) {
      block += std::string(name) + ": " + value + "\r\n";
    }
    const auto headers = parse_headers(block);
    CHECK(is_presentable(headers));
    CHECK(headers.subject.size() > fs::kMaxHeader - 8);
  }
  CHECK(parse_headers("To: " + addresses).to.size() > fs::kMaxRecipients - 30);
}

TEST_CASE("a header made to be slow is not", "[fs][headers]") {
  // GMime recurses into groups and looks ahead from every word of a list.
  for (const auto* unit :
       {"a:", "a,", "(", "\"", "<", "@", "[", "\\", "a:b@c,", "=?", "=?utf-8?Q?"}) {
    INFO(unit);
    const auto value = repeated(unit, 200'000);
    CHECK(is_presentable(parse_headers("From: " + value + "\nTo: " + value + "\nSubject: " + value +
                                       "\nDate: " + value)));
  }
}

TEST_CASE("random blocks give presentable headers", "[fs][headers]") {
  const std::array<std::string_view, 22> parts{
      "Subject:", "From:", "To:",    "Date:", "Message-ID:", "List-Id:", "\r\n", "\n ",
      "\n",       "=?",    "?=",     "?Q?",   "?B?",         "utf-8",    "<",    ">",
      "\"",       "@",     "=E2=80", "8J+Y",  "\xC3",        "\x80"};
  std::mt19937 random(5322);
  for (int round = 0; round < 5000; ++round) {
    std::string block;
    const auto length = random() % 30;
    for (unsigned i = 0; i < length; ++i) {
      block += random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                 : std::string(parts[random() % parts.size()]);
    }
    INFO(Catch::StringMaker<std::string>::convert(block));
    REQUIRE(is_presentable(parse_headers(block)));
  }
}

TEST_CASE("threads may read headers at once", "[fs][headers]") {
  constexpr std::string_view block =
      "From: =?koi8-r?B?8NLJ18XU?= <a@b>\nSubject: =?gb18030?B?xOO6ww==?=\n"
      "Date: Sat, 21 Nov 2026 10:15:00 +0100\n";
  const auto expected = parse_headers(block);
  std::vector<int> wrong(4, 0);
  {
    std::vector<std::jthread> threads;
    for (auto& count : wrong) {
      threads.emplace_back([&count, &expected, block] {
        for (int i = 0; i < 500; ++i) count += parse_headers(block) != expected ? 1 : 0;
      });
    }
  }
  CHECK(wrong == std::vector<int>(4, 0));
}
