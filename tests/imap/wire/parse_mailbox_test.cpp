#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using namespace std::string_literals;
using imap::Flags;
using imap::ListRow;
using imap::NamespaceRow;
using imap::StatusRow;
using tests::parse;
using tests::parse_as;
using Attributes = std::vector<std::string>;

TEST_CASE("LIST has attributes, a delimiter and a name", "[imap][parse][list]") {
  const auto row = parse_as<ListRow>(R"(* LIST (\HasNoChildren \Sent) "/" "Sent \"new\" mail")");
  CHECK(row.attributes == Attributes{"\\HasNoChildren", "\\Sent"});
  CHECK(row.delimiter == '/');
  CHECK(row.name == "Sent \"new\" mail");
}

TEST_CASE("LIST takes a name in every form", "[imap][parse][list]") {
  CHECK(parse_as<ListRow>("* LIST () \"/\" {5}\r\nIN\"OX").name == "IN\"OX");
  CHECK(parse_as<ListRow>("* LIST () \"/\" {0}\r\n").name.empty());
  // Exchange: spaces without quotes.
  CHECK(parse_as<ListRow>("* LIST () \"/\" Sent Items").name == "Sent Items");
  CHECK(parse_as<ListRow>("* LIST () \"/\" INBOX ").name == "INBOX");
  CHECK(parse_as<ListRow>("* LIST () \"/\" NIL").name == "NIL");
  CHECK(parse_as<ListRow>("* LIST () \"/\" a{3").name == "a{3");
  CHECK(parse_as<ListRow>("* LIST () \"/\" a(b)c]").name == "a(b)c]");
  CHECK(parse_as<ListRow>("* LIST () \"/\" caf\xe9").name == "caf\xe9");
}

TEST_CASE("LIST takes a delimiter in every form", "[imap][parse][list]") {
  CHECK_FALSE(parse_as<ListRow>("* LIST () NIL x").delimiter);
  CHECK_FALSE(parse_as<ListRow>("* list () nil x").delimiter);
  CHECK_FALSE(parse_as<ListRow>("* LIST () \"\" x").delimiter);
  CHECK(parse_as<ListRow>(R"(* LIST () "\\" x)").delimiter == '\\');
  CHECK(parse_as<ListRow>("* LIST () {1}\r\n. x").delimiter == '.');
}

TEST_CASE("LIST tolerates extra spaces and odd attributes", "[imap][parse][list]") {
  // home.pl: a lone backslash; InterMail: quoted attributes.
  const auto row = parse_as<ListRow>("*  XLIST  ( \\  \"\\\\Sent\"  )  \"/\"   \"x\"  ");
  CHECK(row.attributes == Attributes{"\\", "\\Sent"});
  CHECK(row.name == "x");
}

TEST_CASE("NAMESPACE gives the personal namespaces", "[imap][parse][namespace]") {
  const auto row =
      parse_as<NamespaceRow>(R"(* NAMESPACE (("INBOX." ".")("#mh/" "/")) NIL (("Shared/" "/")))");
  REQUIRE(row.personal.size() == 2);
  CHECK(row.personal[0].prefix == "INBOX.");
  CHECK(row.personal[0].delimiter == '.');
  CHECK(row.personal[1].prefix == "#mh/");
  CHECK(parse_as<NamespaceRow>("* NAMESPACE NIL NIL NIL").personal.empty());
  CHECK(parse_as<NamespaceRow>("* NAMESPACE nil").personal.empty());
  CHECK_FALSE(parse_as<NamespaceRow>("* NAMESPACE ((\"\" NIL)) NIL NIL").personal[0].delimiter);
}

TEST_CASE("NAMESPACE extensions are skipped", "[imap][parse][namespace]") {
  const auto row = parse_as<NamespaceRow>(
      R"(* NAMESPACE (("" "/" "X-PARAM" ("a" "b" (NIL)))  ("x" ".")) NIL NIL)");
  REQUIRE(row.personal.size() == 2);
  CHECK(row.personal[1].prefix == "x");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "(\"\" NIL)";
  CHECK_THROWS_AS(parse("* NAMESPACE (" + many + ")"), imap::ProtocolError);
}

TEST_CASE("STATUS gives what was sent and nothing else", "[imap][parse][status]") {
  const auto row = parse_as<StatusRow>(
      "* STATUS \"a b\" (MESSAGES 231 uidnext 44292 UIDVALIDITY 4294967296 "
      "HIGHESTMODSEQ 9223372036854775807 SIZE 5000000000)");
  CHECK(row.name == "a b");
  CHECK(row.messages == 231U);
  CHECK(row.uid_next == 44292U);
  CHECK(row.uid_validity == 4294967296U);  // GreenMail
  CHECK(row.highest_modseq == 9223372036854775807U);
  CHECK(row.size == 5'000'000'000U);
  CHECK_FALSE(row.unseen);
}

TEST_CASE("STATUS takes unquoted names with spaces and lists", "[imap][parse][status]") {
  // gromox.
  CHECK(parse_as<StatusRow>("* STATUS Sent Items (MESSAGES 1)").name == "Sent Items");
  CHECK(parse_as<StatusRow>("* STATUS {3}\r\na b (MESSAGES 1)").messages == 1U);
  const auto row = parse_as<StatusRow>("* STATUS a (b) (MAILBOXID (F(2)) MESSAGES 1 )  ");
  CHECK(row.name == "a (b)");
  CHECK(row.messages == 1U);
}

TEST_CASE("STATUS numbers that make no sense are absent", "[imap][parse][status]") {
  const auto row =
      parse_as<StatusRow>("* STATUS x (MESSAGES -1 UIDNEXT 0 UNSEEN 4294967296 SIZE NIL)");
  CHECK_FALSE(row.messages);
  CHECK(row.uid_next == 0U);
  CHECK_FALSE(row.unseen);
  CHECK_FALSE(row.size);
}

TEST_CASE("flags are read in every form", "[imap][parse][flags]") {
  const auto row = parse_as<imap::FlagsRow>(
      "* FLAGS (\\Seen \\SEEN \"\\\\Deleted\" $Junk \\Unknown [a] + ~ ' < \xe9 NIL \\ {3}\r\na b "
      ")");
  CHECK(row.flags.bits == (Flags::seen | Flags::deleted));
  CHECK(row.flags.keywords ==
        std::vector<std::string>{"$Junk", "\\Unknown", "[a]", "+", "~", "'", "<", "\xe9", "a b"});
  CHECK(parse_as<imap::FlagsRow>("* FLAGS NIL").flags == Flags{});
  CHECK(parse_as<imap::FlagsRow>("* FLAGS ()").flags == Flags{});
}

TEST_CASE("LIST says what a mailbox is for, XLIST in words of its own", "[imap][parse][list]") {
  using imap::SpecialUse;
  const auto use = [](const std::string& attribute) {
    return parse_as<ListRow>("* LIST (\\HasNoChildren " + attribute + ") \"/\" x").use;
  };
  CHECK(use("\\Sent") == SpecialUse::sent);
  CHECK(use("\\JUNK") == SpecialUse::junk);
  CHECK(use("\\AllMail") == SpecialUse::all);
  CHECK(use("\\Spam") == SpecialUse::junk);
  CHECK(use("\\Starred") == SpecialUse::flagged);
  CHECK_FALSE(use("\\Inbox"));
  CHECK_FALSE(use("Sent"));
  CHECK(imap::attribute_of(SpecialUse::flagged) == "\\Flagged");
}

TEST_CASE("\\NonExistent implies \\Noselect", "[imap][parse][list]") {
  CHECK_FALSE(parse_as<ListRow>("* LIST (\\nonexistent) \"/\" x").is_selectable());
  CHECK_FALSE(parse_as<ListRow>("* LIST (\\NoSelect) \"/\" x").is_selectable());
  CHECK(parse_as<ListRow>("* LIST (\\Subscribed) \"/\" x").is_selectable());
  CHECK(parse_as<imap::LsubRow>("* LSUB () \"/\" x").row.name == "x");
}

TEST_CASE("STATUS takes an object id in both forms, and an absent limit", "[imap][parse][status]") {
  CHECK(parse_as<StatusRow>("* STATUS x (MAILBOXID (F1) MESSAGES 3)").mailbox_id == "F1");
  const auto bare = parse_as<StatusRow>("* STATUS x (MAILBOXID F1 APPENDLIMIT NIL MESSAGES 3)");
  CHECK(bare.mailbox_id == "F1");
  CHECK_FALSE(bare.append_limit);
  CHECK(bare.messages == 3U);
  CHECK(parse_as<StatusRow>("* STATUS x (MAILBOXID (" + std::string(255, 'x') + "))")
            .mailbox_id.size() == 255);
  CHECK_THROWS_AS(parse("* STATUS x (MAILBOXID (" + std::string(256, 'x') + "))"),
                  imap::ProtocolError);
}
