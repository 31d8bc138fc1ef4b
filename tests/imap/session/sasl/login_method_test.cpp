#include "imap/session/sasl/login_method.h"

#include "tests/support/catch.h"

#include <algorithm>
#include <optional>
#include <string>

using namespace imap;

namespace {

const std::string kAll =
    "AUTH=PLAIN AUTH=LOGIN AUTH=EXTERNAL AUTH=GSSAPI AUTH=OAUTHBEARER AUTH=XOAUTH2 "
    "AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-256-PLUS";

Capabilities offering(const std::string& atoms) {
  Capabilities capabilities;
  for (std::size_t at = 0; at < atoms.size();) {
    const auto end = std::min(atoms.find(' ', at), atoms.size());
    capabilities.add(atoms.substr(at, end - at));
    at = end + 1;
  }
  return capabilities;
}

struct Having {
  bool password = false;
  bool token = false;
  bool certificate = false;
  bool readable = true;
  bool binding = true;
  bool scram_text = true;
  std::string user = "alice";
  std::optional<LoginMethod> forced = std::nullopt;
};

/// The names of what may be tried; the LOGIN command as `login`.
std::string tried(const std::string& atoms, const Having& having) {
  const auto capabilities = offering(atoms);
  LoginFacts facts{capabilities, having.user};
  facts.has_password = having.password;
  facts.has_token = having.token;
  facts.has_client_certificate = having.certificate;
  facts.may_send_readable = having.readable;
  facts.can_bind = having.binding;
  facts.is_scram_text = having.scram_text;
  facts.forced = having.forced;
  std::string names;
  for (const auto method : login_methods(facts)) {
    if (!names.empty()) names += ' ';
    names += method == LoginMethod::login_command ? "login" : name_of(method);
  }
  return names;
}

}  // namespace

TEST_CASE("the strongest login comes first", "[sasl]") {
  CHECK(tried(kAll, {.password = true}) ==
        "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN login");
  CHECK(tried(kAll, {.token = true}) == "OAUTHBEARER XOAUTH2");
  CHECK(tried(kAll, {.certificate = true}) == "EXTERNAL");
  CHECK(tried(kAll, {.password = true, .certificate = true}).substr(0, 27) ==
        "EXTERNAL SCRAM-SHA-256-PLUS");
  CHECK(tried(kAll, {}).empty());
}

TEST_CASE("only what is offered is tried", "[sasl]") {
  CHECK(tried("IMAP4REV1", {.password = true}) == "login");
  CHECK(tried("IMAP4REV1 LOGINDISABLED", {.password = true}).empty());
  CHECK(tried("LOGINDISABLED AUTH=PLAIN", {.password = true}) == "PLAIN");
  CHECK(tried("AUTH=XOAUTH2 AUTH=PLAIN", {.token = true}) == "XOAUTH2");
  CHECK(tried("AUTH=PLAIN", {.token = true}).empty());
  CHECK(tried("AUTH=XOAUTH2 LOGINDISABLED", {.password = true}).empty());
  CHECK(tried("AUTH=PLAIN", {.password = true, .certificate = true}) == "PLAIN login");
}

TEST_CASE("binding is used where there is something to bind to", "[sasl]") {
  CHECK(tried(kAll, {.password = true, .binding = false}) ==
        "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN login");
}

TEST_CASE("nothing readable goes over an open line", "[sasl]") {
  CHECK(tried(kAll, {.password = true, .readable = false, .binding = false}) ==
        "SCRAM-SHA-256 SCRAM-SHA-1");
  CHECK(tried(kAll, {.token = true, .readable = false}).empty());
  CHECK(tried("AUTH=PLAIN AUTH=LOGIN", {.password = true, .readable = false}).empty());
}

TEST_CASE("a password that SCRAM cannot carry goes without it", "[sasl]") {
  CHECK(tried(kAll, {.password = true, .scram_text = false}) == "PLAIN LOGIN login");
}

TEST_CASE("a shared mailbox of Exchange is opened by the LOGIN command", "[sasl]") {
  for (const auto* user : {"a@example.com/shared", "DOMAIN\\alice\\shared"}) {
    CHECK(tried("AUTH=PLAIN AUTH=LOGIN", {.password = true, .user = user}) == "login PLAIN LOGIN");
    CHECK(tried("AUTH=PLAIN LOGINDISABLED", {.password = true, .user = user}) == "PLAIN");
    CHECK(tried("AUTH=PLAIN AUTH=XOAUTH2", {.token = true, .user = user}) == "XOAUTH2");
  }
}

TEST_CASE("what the user forces is the only one that is tried", "[sasl]") {
  for (const auto* name : {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1",
                           "PLAIN", "GSSAPI"}) {
    const auto method = login_method_named(name);
    REQUIRE(method);
    CHECK(tried(kAll, {.password = true, .forced = method}) == name);
    CHECK(tried("IMAP4REV1", {.password = true, .forced = method}).empty());
  }
  CHECK(tried(kAll, {.password = true, .forced = LoginMethod::login}) == "LOGIN login");
  CHECK(tried("IMAP4REV1", {.password = true, .forced = LoginMethod::login}) == "login");
  CHECK(tried(kAll, {.password = true, .forced = LoginMethod::xoauth2}).empty());
  CHECK(tried(kAll, {.token = true, .forced = LoginMethod::xoauth2}) == "XOAUTH2");
  CHECK(tried(kAll, {.token = true, .forced = LoginMethod::plain}).empty());
}

TEST_CASE("a mechanism is named in any case", "[sasl]") {
  CHECK(login_method_named("scram-sha-256") == LoginMethod::scram_sha_256);
  CHECK(login_method_named("login") == LoginMethod::login);
  CHECK(login_method_named("CRAM-MD5") == std::nullopt);
  CHECK(login_method_named("") == std::nullopt);
}

TEST_CASE("SCRAM tells the server when it was offered no binding", "[sasl]") {
  const auto flag = [](const std::string& atoms, LoginMethod method, bool can_bind) {
    const auto capabilities = offering(atoms);
    LoginFacts facts{capabilities, "alice"};
    facts.can_bind = can_bind;
    return binding_flag(method, facts);
  };
  const auto sha256 = LoginMethod::scram_sha_256;
  CHECK(flag(kAll, LoginMethod::scram_sha_256_plus, true) == BindingFlag::used);
  CHECK(flag("AUTH=SCRAM-SHA-256", sha256, true) == BindingFlag::not_offered);
  CHECK(flag("AUTH=SCRAM-SHA-256", sha256, false) == BindingFlag::impossible);
  CHECK(flag(kAll, sha256, false) == BindingFlag::impossible);
  CHECK(flag(kAll, sha256, true) == BindingFlag::impossible);
  CHECK(flag("AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1-PLUS", sha256, true) == BindingFlag::impossible);
}

TEST_CASE("the user is told why there is no login", "[sasl]") {
  const auto why = [](const std::string& atoms, bool password, bool token,
                      std::optional<LoginMethod> forced) {
    const auto capabilities = offering(atoms);
    LoginFacts facts{capabilities, "alice"};
    facts.has_password = password;
    facts.has_token = token;
    facts.forced = forced;
    return why_no_login_method(facts);
  };
  CHECK(why("", true, false, LoginMethod::plain) == "the server does not offer PLAIN");
  CHECK(why(kAll, true, false, LoginMethod::scram_sha_256_plus) ==
        "SCRAM-SHA-256-PLUS cannot be used on this connection");
  CHECK(why("", false, true, std::nullopt).find("no token") != std::string::npos);
  CHECK(why("", false, false, std::nullopt).find("certificate") != std::string::npos);
  CHECK(why("", true, false, std::nullopt).find("is TLS missing?") != std::string::npos);
}
