#include "fs/mail/message_text.h"

#include "tests/support/catch.h"

#include <string>
#include <string_view>

namespace {

/// What is sent of a file, read in pieces of this size.
std::string sent(std::string_view file, std::size_t piece = 7) {
  fs::MessageText text;
  std::string out;
  for (; !file.empty(); file.remove_prefix(std::min(piece, file.size()))) {
    text.add(file.substr(0, piece), out);
  }
  text.finish(out);
  return out;
}

fs::MessageScanner scan(std::string_view text, std::size_t piece = 5) {
  fs::MessageScanner scanner;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    scanner.add(text.substr(0, piece));
  }
  scanner.finish();
  return scanner;
}

/// What is wrong with a file; empty: it is a message.
std::string complaint(std::string_view file) {
  try {
    scan(sent(file));
    return {};
  } catch (const fs::NotAMessageError& error) {
    return error.what();
  }
}

constexpr std::string_view kMail = "Subject: x\r\n\r\nbody\r\n";

}  // namespace

TEST_CASE("lines end in CRLF whatever they ended in", "[fs][append]") {
  CHECK(sent("Subject: x\n\nbody\n") == kMail);
  CHECK(sent("Subject: x\r\n\nbody\r\n") == kMail);
  CHECK(sent(kMail) == kMail);
  for (std::size_t piece = 1; piece < 30; ++piece) {
    CHECK(sent("Subject: x\n\r\nbody\n", piece) == kMail);
  }
}

TEST_CASE("the last line ends, too", "[fs][append]") {
  CHECK(sent("Subject: x\n\nbody") == kMail);
  CHECK(sent("Subject: x\r\n\r\nbody\r") == kMail);
  CHECK(sent("a").ends_with("a\r\n"));
  CHECK(sent("").empty());
}

TEST_CASE("a lone CR stays what it is", "[fs][append]") {
  CHECK(sent("Subject: x\n\none\rtwo\n") == "Subject: x\r\n\r\none\rtwo\r\n");
  CHECK(sent("Subject: x\r\n\r\none\rtwo\r\n", 1) == "Subject: x\r\n\r\none\rtwo\r\n");
}

TEST_CASE("a byte order mark and the line of an mbox are left out at the beginning",
          "[fs][append]") {
  for (std::size_t piece = 1; piece < 60; ++piece) {
    CHECK(sent("\xEF\xBB\xBFSubject: x\n\nbody\n", piece) == kMail);
    CHECK(sent("From 0123abcd Mon Sep 17 00:00:00 2001\nSubject: x\n\nbody\n", piece) == kMail);
    CHECK(sent("\xEF\xBB\xBF"
               "From me\r\nSubject: x\r\n\r\nbody\r\n",
               piece) == kMail);
  }
  CHECK(sent("From me").empty());
  CHECK(sent("Subject: x\n\nFrom me\n") == "Subject: x\r\n\r\nFrom me\r\n");
  CHECK(sent("From: me\n") == "From: me\r\n");
}

TEST_CASE("what begins with the header of a mail is a message", "[fs][append]") {
  CHECK(complaint(kMail).empty());
  CHECK(complaint("From: a@example.org\n").empty());
  CHECK(complaint("X-Mozilla-Status: 0001\nsubject : old\n\n").empty());
  CHECK(complaint("Received: from a\n\tby b\n\n").empty());
  // A line that is none does not make it less of a message: servers have such mail, too.
  CHECK(complaint("Subject: x\n>From me\n\nbody").empty());
  CHECK(complaint("Subject: \x1b$B\n\n").empty());
}

TEST_CASE("what is no message is told what it lacks", "[fs][append]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(complaint(""), Contains("empty"));
  CHECK_THAT(complaint("\nSubject: x\n"), Contains("header is empty"));
  CHECK_THAT(complaint("hello\n"), Contains("first line"));
  CHECK_THAT(complaint(" Subject: x\n"), Contains("first line"));
  CHECK_THAT(complaint(": x\n"), Contains("first line"));
  CHECK_THAT(complaint("root:x:0:0:root:/root:/bin/sh\n"), Contains("none of the fields"));
  CHECK_THAT(complaint("root:x:0:0\n\nSubject: x\n"), Contains("none of the fields"));
  CHECK_THAT(complaint("{\"a\": 1}"), Contains("none of the fields"));
  CHECK_THAT(complaint("\x7f"
                       "ELF\x02\x01"),
             Contains("binary"));
  CHECK_THAT(complaint(std::string("Subject: a\0b\n", 13)), Contains("binary"));
}

TEST_CASE("a message is measured and its kind told while it passes", "[fs][append]") {
  const auto plain = scan(kMail);
  CHECK(plain.size() == kMail.size());
  CHECK(plain.header() == "Subject: x\r\n\r\n");
  CHECK_FALSE(plain.has_nul());
  CHECK_FALSE(plain.has_utf8_header());
  CHECK(scan(std::string("Subject: x\r\n\r\na\0b\r\n", 19)).has_nul());
  CHECK(scan("Subject: \xc3\xbc\r\n\r\n").has_utf8_header());
  CHECK_FALSE(scan("Subject: \xfc\r\n\r\n").has_utf8_header());
  CHECK_FALSE(scan("Subject: x\r\n\r\n\xc3\xbc\r\n").has_utf8_header());
}

TEST_CASE("of an endless header only the beginning is kept", "[fs][append]") {
  const auto header = "Subject: " + std::string(1'000'000, 'x') + "\r\n";
  const auto scanner = scan(header, 4096);
  CHECK(scanner.size() == header.size());
  CHECK(scanner.header().size() == fs::MessageScanner::kMostHeader);
}
