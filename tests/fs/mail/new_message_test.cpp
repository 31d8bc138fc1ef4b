#include "fs/mail/new_message.h"

#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <array>
#include <string>
#include <string_view>

namespace {

using Content = imap::NewMessage::Content;

std::shared_ptr<const fs::Spool> file(std::string_view text) {
  const TemporaryDirectory directory;
  auto spool = std::make_shared<fs::Spool>(directory.path());
  spool->write(0, std::as_bytes(std::span(text)));
  return spool;
}

std::string read(const imap::NewMessage::Source& source, std::size_t room) {
  std::string text;
  std::vector<std::byte> piece(room);
  while (const auto got = source(piece)) {
    text.append(reinterpret_cast<const char*>(piece.data()), got);
  }
  return text;
}

constexpr std::string_view kMail =
    "From: a@example.org\nMessage-ID: <1@example.org>\nSubject: x\n\nbody\n";

}  // namespace

TEST_CASE("a file is sent as often as it is asked for, in pieces of any size", "[fs][append]") {
  std::string lines = std::string(kMail);
  for (int i = 0; i < 50'000; ++i) lines += "line " + std::to_string(i) + "\n";
  const fs::NewMessage message(file(lines));
  const auto text = read(message.source(), 1000);
  CHECK(text.size() == message.size());
  CHECK(text.size() == lines.size() + 50'005);
  CHECK(text == read(message.source(), 1 << 20));
  CHECK(text.ends_with("line 49999\r\n"));
}

TEST_CASE("what a message needs of the server is known before it is sent", "[fs][append]") {
  CHECK(fs::NewMessage(file(kMail)).content() == Content::plain);
  CHECK(fs::NewMessage(file("Subject: \xc3\xbc\n\n")).content() == Content::utf8_headers);
  CHECK(fs::NewMessage(file(std::string_view("Subject: x\n\na\0b\n", 16))).content() ==
        Content::binary);
  CHECK_THROWS_AS(fs::NewMessage(file("no mail\n")), fs::NotAMessageError);
  CHECK_THROWS_AS(fs::NewMessage(file("")), fs::NotAMessageError);
}

TEST_CASE("a message is told from others by what the server says of it", "[fs][append]") {
  const fs::NewMessage message(file(kMail));
  cache::MessageRow row;
  row.from_address = "a@example.org";
  row.message_id = "1@example.org";
  row.subject = "x";
  row.size = message.size() + 100;
  CHECK(message.is(row));
  row.message_id = "2@example.org";
  CHECK_FALSE(message.is(row));
  const fs::NewMessage nameless(file("Subject: x\n\n"));
  cache::MessageRow other;
  other.subject = "x";
  other.size = nameless.size();
  CHECK(nameless.is(other));
  other.size += 1;
  CHECK_FALSE(nameless.is(other));
}

TEST_CASE("a file without a name is as good as one with a name", "[fs][append]") {
  const TemporaryDirectory directory;
  fs::Spool spool(directory.path());
  CHECK(std::filesystem::is_empty(directory.path()));
  spool.write(3, std::as_bytes(std::span(std::string_view("abc"))));
  CHECK(spool.size() == 6);
  spool.truncate(5);
  spool.allocate(4, 4);
  CHECK(spool.size() == 8);
  fs::Spool copy(directory.path());
  copy.write(0, std::as_bytes(std::span(std::string_view("something longer"))));
  copy.copy_from(spool);
  std::array<std::byte, 20> octets{};
  REQUIRE(copy.read(0, octets) == 8);
  CHECK(std::string_view(reinterpret_cast<const char*>(octets.data()), 8) ==
        std::string_view("\0\0\0ab\0\0\0", 8));
  copy.save_as(directory.path() / "saved");
  CHECK(std::filesystem::file_size(directory.path() / "saved") == 8);
  CHECK_THROWS_AS(copy.save_as(directory.path() / "saved"), std::system_error);
}
