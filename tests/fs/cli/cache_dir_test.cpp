#include "fs/cli/cache_dir.h"

#include "tests/support/catch.h"

#include <cstdlib>
#include <optional>
#include <set>

namespace {

/// Sets an environment variable (or unsets it, without a value) for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* const old = std::getenv(name); old != nullptr) old_ = old;
    set(value);
  }
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    if (value != nullptr) {
      setenv(name_, value, 1);
    } else {
      unsetenv(name_);
    }
  }

  const char* const name_;
  std::optional<std::string> old_;
};

fs::Source account(const std::string& user, const std::string& host = "h",
                   std::uint16_t port = 993) {
  return {host, port, user, "", fs::Tls::implicit};
}

}  // namespace

TEST_CASE("the cache is below XDG_CACHE_HOME, else below the home directory", "[fs][cli][cache]") {
  const Variable home("HOME", "/home/alice");
  {
    const Variable cache("XDG_CACHE_HOME", "/caches");
    CHECK(fs::default_cache_dir() == "/caches/imapfs");
  }
  for (const auto* useless : {static_cast<const char*>(nullptr), "", "relative"}) {
    const Variable cache("XDG_CACHE_HOME", useless);
    CHECK(fs::default_cache_dir() == "/home/alice/.cache/imapfs");
  }
}

TEST_CASE("without HOME the user database names the home directory", "[fs][cli][cache]") {
  const Variable home("HOME", nullptr);
  const Variable cache("XDG_CACHE_HOME", nullptr);
  CHECK(fs::default_cache_dir().is_absolute());
}

TEST_CASE("an account's directory is named after user, host and port", "[fs][cli][cache]") {
  CHECK(fs::account_directory(account("alice@example.com", "imap.example.com")) ==
        "alice@example.com@imap.example.com:993");
  CHECK(fs::account_directory(account("a", "::1", 143)) == "a@::1:143");
  fs::MountOptions options;
  options.cache_dir = "/c";
  options.source = account("a");
  options.source.mailbox = "INBOX";
  CHECK(fs::account_cache_dir(options) == "/c/a@h:993");
}

TEST_CASE("hostile user names give safe and distinct directories", "[fs][cli][cache]") {
  const std::string a300(300, 'a');
  std::vector<fs::Source> accounts{account("a", "h", 143), account("a", "h2"), account("a@h")};
  for (const auto& user : {std::string("../x"),
                           std::string("a/b"),
                           std::string("a%2Fb"),
                           std::string("."),
                           std::string(".."),
                           std::string(".a"),
                           std::string("a b"),
                           std::string("a\\b"),
                           std::string("a:b"),
                           std::string("~a"),
                           std::string("A"),
                           std::string("a"),
                           std::string("ü"),
                           std::string(250, '/'),
                           a300,
                           a300 + "b",
                           "b" + a300,
                           std::string(248, 'a'),
                           std::string(249, 'a'),
                           std::string(250, 'a')}) {
    accounts.push_back(account(user));
  }
  std::set<std::string> names;
  for (const auto& each : accounts) {
    const auto name = fs::account_directory(each);
    INFO(each.user << " -> " << name);
    CHECK(name.size() <= 255);
    CHECK(name.find('/') == std::string::npos);
    CHECK(name.front() != '.');
    CHECK(name.front() != '-');
    CHECK(names.insert(name).second);
  }
}
