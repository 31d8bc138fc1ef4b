#include "imap/session/mailbox_names.h"

#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <stdexcept>
#include <string>

using namespace std::string_literals;
using imap::MailboxNames;
using imap::Session;
using tests::play_negotiated;
using tests::Script;

namespace {

MailboxNames in_utf8() {
  MailboxNames names;
  names.use_utf8();
  return names;
}

std::string sent(const MailboxNames& names, std::string_view name) {
  imap::Command command("X");
  names.add_to(command, name);
  std::string text;
  for (const auto& part : command.parts()) text += part.literal ? "{" + part.octets : part.octets;
  return text.substr(2);
}

const std::string kEnable = "C: $2 ENABLE UTF8=ACCEPT";

}  // namespace

TEST_CASE("without UTF-8 names are the server's octets both ways", "[session][names]") {
  MailboxNames names;
  for (const std::string name : {"INBOX", "Entw&APw-rfe", "A&-B", "A&B"}) {
    CHECK(names.from_server(name) == name);
    CHECK(sent(names, name) == "\"" + name + "\"");
  }
  CHECK(sent(names, "\xC3\xBC") == "{\xC3\xBC");
}

TEST_CASE("with UTF-8 names are modified UTF-7 inside and UTF-8 outside", "[session][names]") {
  auto names = in_utf8();
  CHECK(names.from_server("Entw\xC3\xBCrfe") == "Entw&APw-rfe");
  CHECK(sent(names, "Entw&APw-rfe") == "\"Entw\xC3\xBCrfe\"");
  CHECK(names.from_server("A&B") == "A&-B");
  CHECK(sent(names, "A&-B") == "\"A&B\"");
  CHECK(names.from_server("A&-B") == "A&--B");
  CHECK(sent(names, "A&--B") == "\"A&-B\"");
  CHECK(sent(names, "a\"\\b") == "\"a\\\"\\\\b\"");
}

TEST_CASE("a server that keeps to modified UTF-7 gets its own octets back", "[session][names]") {
  auto names = in_utf8();
  CHECK(names.from_server("Entw&APw-rfe") == "Entw&APw-rfe");
  CHECK(sent(names, "Entw&APw-rfe") == "\"Entw&APw-rfe\"");
  names.from_server("Entw\xC3\xBCrfe");  // and UTF-8 as soon as it uses that
  CHECK(sent(names, "Entw&APw-rfe") == "\"Entw\xC3\xBCrfe\"");
}

TEST_CASE("a name that is no text goes back as it came", "[session][names]") {
  auto names = in_utf8();
  CHECK(names.from_server("\xFF\xFE") == "\xFF\xFE");
  CHECK(sent(names, "\xFF\xFE") == "{\xFF\xFE");
}

TEST_CASE("a name with line breaks or NUL is never sent", "[session][names]") {
  for (const auto& names : {MailboxNames(), in_utf8()}) {
    for (const auto& name : {"a\r\nb"s, "a\nb"s, "a\rb"s, "a\0b"s}) {
      CHECK_THROWS_AS(sent(names, name), std::invalid_argument);
    }
  }
}

TEST_CASE("a UTF-8 name too long to be quoted is a literal", "[session][names]") {
  const auto long_name = std::string(1001, 'x');
  CHECK(sent(in_utf8(), long_name) == "{" + long_name);
}

TEST_CASE("names are UTF-8 once UTF8=ACCEPT is enabled", "[session][names]") {
  CHECK(play_negotiated("ENABLE UTF8=ACCEPT",
                        {kEnable, "S: * ENABLED UTF8=ACCEPT", "S: $2 OK", "C: $3 LIST \"\" \"*\"",
                         "S: * LIST () \"/\" \"R\xC3\xA9sum\xC3\xA9s\"",
                         "S: * LIST () \"/\" R\xC3\xA9"
                         "tro",
                         "S: * LIST () \"/\" INBOX", "S: $3 OK",
                         "C: $4 SELECT \"R\xC3\xA9sum\xC3\xA9s\"", "S: $4 OK"},
                        [](Session& session) {
                          const auto rows = session.list();
                          REQUIRE(rows.size() == 3);
                          CHECK(rows[0].name == "R&AOk-sum&AOk-s");
                          CHECK(rows[1].name == "R&AOk-tro");
                          session.select(rows[0].name, Session::Refresh::no);
                        }) == Script::none);
}

TEST_CASE("names stay modified UTF-7 when UTF8=ACCEPT was refused", "[session][names]") {
  CHECK(play_negotiated(
            "ENABLE UTF8=ACCEPT", {kEnable, "S: $2 OK", "C: $3 SELECT \"R&AOk-tro\"", "S: $3 OK"},
            [](Session& session) { session.select("R&AOk-tro", Session::Refresh::no); }) ==
        Script::none);
}
