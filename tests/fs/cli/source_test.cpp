#include "fs/cli/source.h"

#include "fs/cli/usage_error.h"
#include "tests/support/catch.h"

#include <random>
#include <utility>

namespace {

using fs::parse_source;
using fs::Source;
using fs::Tls;

std::string refusal(std::string_view url) {
  try {
    parse_source(url);
  } catch (const fs::UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a source URL names host, port, user and mailbox", "[fs][cli][source]") {
  const std::pair<const char*, Source> good[] = {
      {"imaps://alice@imap.example.com", {"imap.example.com", 993, "alice", "", Tls::implicit}},
      {"imap://alice@imap.example.com", {"imap.example.com", 143, "alice", "", Tls::starttls}},
      {"IMAPS://Alice@IMAP.Example.COM/", {"imap.example.com", 993, "Alice", "", Tls::implicit}},
      {"imaps://alice@h:1993/INBOX", {"h", 1993, "alice", "INBOX", Tls::implicit}},
      {"imaps://alice%40example.com@h", {"h", 993, "alice@example.com", "", Tls::implicit}},
      {"imaps://alice@example.com@h", {"h", 993, "alice@example.com", "", Tls::implicit}},
      {"imaps://a%3Ab@h", {"h", 993, "a:b", "", Tls::implicit}},
      {"imaps://a@h/Archive/2026/Q%201/", {"h", 993, "a", "Archive/2026/Q 1", Tls::implicit}},
      {"imaps://a@h/Entw%C3%BCrfe", {"h", 993, "a", "Entwürfe", Tls::implicit}},
      {"imaps://a@h/Entwürfe", {"h", 993, "a", "Entwürfe", Tls::implicit}},
      {"imaps://a@h/x@y:1", {"h", 993, "a", "x@y:1", Tls::implicit}},
      {"imaps://a@127.0.0.1:1", {"127.0.0.1", 1, "a", "", Tls::implicit}},
      {"imaps://a@[::1]", {"::1", 993, "a", "", Tls::implicit}},
      {"imap://a@[2001:DB8:0:0::5]:65535/M", {"2001:db8::5", 65535, "a", "M", Tls::starttls}}};
  for (const auto& [url, source] : good) {
    INFO(url);
    CHECK(parse_source(url) == source);
  }
}

TEST_CASE("a chosen TLS mode overrides the scheme and brings its port", "[fs][cli][source]") {
  CHECK(parse_source("imaps://a@h", Tls::starttls) == Source{"h", 143, "a", "", Tls::starttls});
  CHECK(parse_source("imap://a@h", Tls::implicit) == Source{"h", 993, "a", "", Tls::implicit});
  CHECK(parse_source("imaps://a@h:9", Tls::none) == Source{"h", 9, "a", "", Tls::none});
}

TEST_CASE("a malformed source URL is refused with the reason", "[fs][cli][source]") {
  const std::string scheme = "SOURCE must begin with imaps:// or imap://";
  const std::string no_user =
      "SOURCE names no user: write it before the host, as in imaps://USER@HOST";
  const std::string host =
      "SOURCE has a host that is neither a name nor an address (IPv6 stands in brackets)";
  const std::string port = "SOURCE has a port that is not a number from 1 to 65535";
  const std::string not_ipv6 = "SOURCE has no IPv6 address between its brackets";
  const std::string user_text = "SOURCE has a user name with control characters or invalid UTF-8";
  const std::string mailbox_text = "SOURCE has a mailbox with control characters or invalid UTF-8";
  const std::string query = "SOURCE has a ? or #: in a mailbox name, write %3F or %23";
  const std::pair<std::string, std::string> bad[] = {
      {"", scheme},
      {"imap.example.com", scheme},
      {"alice@imap.example.com", scheme},
      {"https://a@h", scheme},
      {"imaps:/a@h", scheme},
      {"imaps://imap.example.com", no_user},
      {"imaps://@h", no_user},
      {"imaps://", "SOURCE names no host"},
      {"imaps://a@", "SOURCE names no host"},
      {"imaps:///INBOX", "SOURCE names no host"},
      {"imaps://a@h ost", host},
      {"imaps://a@-h", host},
      {"imaps://a@höst", host},
      {"imaps://a@h%2F", host},
      {"imaps://a@" + std::string(254, 'h'), host},
      {"imaps://a@h:", port},
      {"imaps://a@h:0", port},
      {"imaps://a@h:65536", port},
      {"imaps://a@h:99x", port},
      {"imaps://a@h:-1", port},
      {"imaps://a@2001:db8::5", port},
      {"imaps://a@[2001:db8::5", "SOURCE has no ] after its IPv6 address"},
      {"imaps://a@[::1]x", "SOURCE has no ] after its IPv6 address"},
      {"imaps://a@[]", not_ipv6},
      {"imaps://a@[127.0.0.1]", not_ipv6},
      {"imaps://a%4@h", "SOURCE has a % in the user name that is not followed by two digits"},
      {"imaps://a%00@h", user_text},
      {"imaps://a%0D%0A@h", user_text},
      {"imaps://a%FF@h", user_text},
      {"imaps://a;AUTH=PLAIN@h", "SOURCE must not choose an authentication mechanism (;AUTH=)"},
      {"imaps://a@h/%zz", "SOURCE has a % in the mailbox that is not followed by two digits"},
      {"imaps://a@h/a%0Ab", mailbox_text},
      {"imaps://a@h/%C0%AF", mailbox_text},
      {"imaps://a@h/a//b", "SOURCE has a mailbox with an empty level (//)"},
      {"imaps://a@h//a", "SOURCE has a mailbox with an empty level (//)"},
      {"imaps://a@h/a?b", query},
      {"imaps://a@h/a#b", query},
      {"imaps://a@h?b", query},
      {"imaps://a@h/" + std::string(5000, 'x'), "SOURCE is too long"}};
  for (const auto& [url, message] : bad) {
    INFO(url);
    CHECK(refusal(url) == message);
  }
}

TEST_CASE("a password in the source URL is refused and never repeated", "[fs][cli][source]") {
  const std::string message =
      "SOURCE must not contain a password, which other users could see: use --password-command, "
      "--password-file or the prompt";
  for (const auto* url :
       {"imaps://alice:hunter2@h", "imaps://alice:@h", "imaps://alice:hunter2@h:99999",
        "imaps://alice:hunter2@", "imap://alice@example.com:hunter2@h", "imaps://:hunter2@h",
        "imaps://alice:hun%ter2@h", "imaps://alice:hunter2/x@h", "imaps://alice:hunter2?x@h",
        "imaps://alice:hunter2#x@h"}) {
    INFO(url);
    CHECK(refusal(url) == message);
  }
  for (const auto* url : {"https://alice:hunter2@h", "alice:hunter2@h", "imaps://alice:1234/x@h",
                          "imaps://h:hunter2", "imaps://hunter2%@h", "imaps://a@hunter2!"}) {
    INFO(url);
    CHECK(refusal(url) != "accepted");
    CHECK(refusal(url).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a source becomes a URL that reads back as itself", "[fs][cli][source]") {
  CHECK(fs::to_url({"h", 993, "a@b", "", Tls::implicit}) == "imaps://a%40b@h");
  CHECK(fs::to_url({"::1", 143, "a", "X/Y z", Tls::starttls}) == "imap://a@[::1]/X/Y%20z");
  for (const auto* user : {"a", "a@b", "a:b/c?d#e%f", "ü", ";x", "[", " "}) {
    for (const auto* mailbox : {"", "INBOX", "a/b", "a?b#c%d@e:f", "Entwürfe", " "}) {
      for (const auto tls : {Tls::implicit, Tls::starttls, Tls::none}) {
        for (const std::uint16_t port : std::initializer_list<std::uint16_t>{1, 143, 993}) {
          const Source source{"::1", port, user, mailbox, tls};
          INFO(fs::to_url(source));
          CHECK(parse_source(fs::to_url(source), tls) == source);
        }
      }
    }
  }
}

TEST_CASE("only this machine is loopback", "[fs][cli][source]") {
  for (const auto* host : {"localhost", "127.0.0.1", "127.255.255.254", "::1"}) {
    CHECK(fs::is_loopback(host));
  }
  for (const auto* host : {"localhost.example.com", "128.0.0.1", "::2", "::ffff:127.0.0.1", "127.1",
                           "127.0.0.1.example.com", "", "::"}) {
    CHECK_FALSE(fs::is_loopback(host));
  }
}

TEST_CASE("random source URLs are parsed or refused", "[fs][cli][source]") {
  std::mt19937 random(20261123);  // NOLINT: the same URLs in every run
  const std::string alphabet = "ab@:/?#%[]4120.-;\\\xc3\xbc\x01";
  std::uniform_int_distribution<std::size_t> letter(0, alphabet.size() - 1);
  std::uniform_int_distribution<int> length(0, 20);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string url = "imaps://";
    for (int i = length(random); i > 0; --i) url += alphabet[letter(random)];
    if (refusal(url) != "accepted") continue;
    ++accepted;
    const auto source = parse_source(url);
    if (parse_source(fs::to_url(source)) != source) FAIL_CHECK(url);
  }
  CHECK(accepted > 20);
}
