#include "fs/cli/options.h"

#include "fs/cli/cache_dir.h"
#include "fs/cli/mount_arguments.h"
#include "tests/support/catch.h"

#include <algorithm>
#include <map>
#include <utility>

namespace {

using fs::MountOptions;
using fs::parse_command_line;
using Arguments = std::vector<std::string>;

const std::string kSource = "imaps://alice@imap.example.com";

fs::CommandLine parsed(const Arguments& arguments) {
  return parse_command_line(arguments);
}

/// `imapfs mount EXTRA... SOURCE /mnt`.
MountOptions mount(Arguments extra, const std::string& source = kSource) {
  extra.insert(extra.begin(), "mount");
  extra.insert(extra.end(), {source, "/mnt"});
  return std::get<MountOptions>(parsed(extra));
}

std::string refusal(const Arguments& arguments) {
  try {
    parsed(arguments);
  } catch (const fs::UsageError& error) {
    return error.what();
  }
  return "accepted";
}

std::string mount_refusal(Arguments extra, const std::string& source = kSource) {
  extra.insert(extra.begin(), "mount");
  extra.insert(extra.end(), {source, "/mnt"});
  return refusal(extra);
}

/// A value of each long option that takes one, other than its default.
const std::map<std::string_view, std::string> kSamples{
    {"delete", "trash"},
    {"tls", "starttls"},
    {"ca-file", "/etc/ca, of us.pem"},
    {"password-command", R"(printf '%s,%s\n' a\\b "[ c ]")"},
    {"password-file", "/run/secret"},
    {"token-command", "oama access alice, please"},
    {"auth", "scram-sha-256"},
    {"client-cert", "/etc/me.pem"},
    {"client-key", "/etc/my,key.pem"},
    {"tls-pin", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    {"cache-dir", "/var/cache/x"},
    {"state-dir", "/var/lib/x"},
    {"cache-size", "512M"},
    {"cache-max-age", "90d"},
    {"cache-min-free", "1G"},
    {"connections", "7"},
    {"names", "{from}, {subject}.{uid}.eml"},
    {"poll-interval", "5m"},
    {"timeout", "2m"},
    {"log-level", "debug"},
    {"log-file", "/var/log/x=y"},
    {"trace", "/tmp/trace"}};

std::string comma_escaped(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == ',' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

TEST_CASE("mount has the documented defaults", "[fs][cli][options]") {
  const auto options = mount({"--cache-dir", "/c"});
  CHECK(options.source == fs::Source{"imap.example.com", 993, "alice", "", fs::Tls::implicit});
  CHECK(options.mountpoint == "/mnt");
  CHECK_FALSE(options.foreground);
  CHECK_FALSE(options.read_only);
  CHECK_FALSE(options.sync);
  CHECK(options.delete_policy == fs::DeletePolicy::automatic);
  CHECK_FALSE(options.allow_plaintext);
  CHECK(options.ca_file.empty());
  CHECK(options.password_command.empty());
  CHECK(options.password_file.empty());
  CHECK(options.cache_dir == "/c");
  CHECK(options.cache_size == 2147483648U);
  CHECK(options.connections == 4);
  CHECK(options.names == "{date} {from} - {subject}.{uid}.eml");
  CHECK(options.timeout == std::chrono::seconds{30});
  CHECK(options.poll_interval == std::chrono::minutes{1});
  CHECK(options.log_level == fs::LogLevel::info);
  CHECK(options.log_file.empty());
  CHECK(options.trace_file.empty());
  CHECK_FALSE((options.allow_other || options.allow_root || options.default_permissions));
  CHECK(options.fsname == kSource);
  CHECK(options.subtype == "imapfs");
}

TEST_CASE("every option of mount is understood", "[fs][cli][options]") {
  const auto options = mount({"-f",
                              "--read-only",
                              "--sync",
                              "--delete",
                              "mark",
                              "--tls",
                              "starttls",
                              "--ca-file",
                              "/ca",
                              "--password-command",
                              "pass x",
                              "--cache-dir",
                              "/c",
                              "--cache-size=1G",
                              "--connections",
                              "16",
                              "--names",
                              "uid",
                              "--timeout",
                              "500s",
                              "--log-level",
                              "error",
                              "--log-file",
                              "/l",
                              "--trace",
                              "/t",
                              "--allow-plaintext",
                              "-o",
                              "allow_other,default_permissions,fsname=mail,subtype=x"});
  CHECK(options.foreground);
  CHECK(options.read_only);
  CHECK(options.sync);
  CHECK(options.delete_policy == fs::DeletePolicy::mark);
  CHECK(options.source.tls == fs::Tls::starttls);
  CHECK(options.source.port == 143);
  CHECK(options.ca_file == "/ca");
  CHECK(options.password_command == "pass x");
  CHECK(options.cache_size == 1073741824U);
  CHECK(options.connections == 16);
  CHECK(options.names == "uid");
  CHECK(options.timeout == std::chrono::seconds{500});
  CHECK(options.log_level == fs::LogLevel::error);
  CHECK(options.log_file == "/l");
  CHECK(options.trace_file == "/t");
  CHECK(options.allow_plaintext);
  CHECK(options.allow_other);
  CHECK(options.default_permissions);
  CHECK(options.fsname == "mail");
  CHECK(options.subtype == "x");
  CHECK(mount({"--password-file", "/p"}).password_file == "/p");
  CHECK(mount({"-o", "allow_root"}).allow_root);
}

TEST_CASE("every long option can be given through -o", "[fs][cli][options]") {
  for (const auto& option : fs::mount_long_options()) {
    const std::string name(option.name);
    INFO(name);
    // A key is nothing without its certificate.
    const auto mount = [&](Arguments arguments) {
      if (name == "client-key") arguments.insert(arguments.end(), {"--client-cert", "/c"});
      return ::mount(std::move(arguments));
    };
    const auto plain = mount({});
    const bool has_value = !option.value.empty();
    REQUIRE(has_value == (kSamples.count(name) == 1));
    REQUIRE((option.on == nullptr) == has_value);
    const auto value = has_value ? kSamples.at(name) : "";

    const auto direct = mount(has_value ? Arguments{"--" + name, value} : Arguments{"--" + name});
    CHECK(direct != plain);
    if (has_value) CHECK(mount({"--" + name + '=' + value}) == direct);

    auto underscored = name;
    std::replace(underscored.begin(), underscored.end(), '-', '_');
    for (const auto& spelling : {name, underscored}) {
      const auto written = has_value ? spelling + '=' + comma_escaped(value) : spelling;
      CHECK(mount({"-o", written}) == direct);
      CHECK(mount({"-o" + written}) == direct);
      CHECK(mount({"-o", "rw,_netdev," + written + ",noauto"}) == direct);
    }
    if (has_value) {
      CHECK(mount_refusal({"-o", name}) == "-o " + name + " needs a value");
      CHECK(mount_refusal({"-o", name + "="}) == "-o " + name + " needs a value");
      CHECK(mount_refusal({"--" + name, ""}) == "--" + name + " needs a value");
    } else {
      CHECK(mount_refusal({"-o", name + "=1"}) == "-o " + name + " takes no value");
      CHECK(mount_refusal({"--" + name + "=false"}) != "accepted");
    }
  }
}

TEST_CASE("what logs in is given once", "[fs][cli][options]") {
  const auto excludes = std::string("--token-command excludes a password: ");
  CHECK(mount_refusal({"--token-command", "t", "--password-command", "p"}).starts_with(excludes));
  CHECK(mount_refusal({"--token-command", "t", "--password-file", "p"}).starts_with(excludes));
  CHECK(mount_refusal({"--client-key", "k"}) == "--client-key needs --client-cert");
  CHECK(mount({"--client-cert", "/c"}).client_key == "/c");
  CHECK(mount({"--client-cert", "/c", "--client-key", "/k"}).client_key == "/k");
  CHECK(mount({"--client-cert", "/c", "--auth", "external"}).auth == imap::LoginMethod::external);
  CHECK(mount({"--token-command", "t", "--auth", "XOAUTH2"}).auth == imap::LoginMethod::xoauth2);
  for (const Arguments& wrong :
       {Arguments{"--auth", "XOAUTH2"}, Arguments{"--auth", "EXTERNAL"},
        Arguments{"--auth", "PLAIN", "--token-command", "t"}, Arguments{"--auth", "CRAM-MD5"},
        Arguments{"--auth", "no\nway"},
        Arguments{"--tls", "none", "--allow-plaintext", "--client-cert", "/c"}}) {
    CHECK(mount_refusal(wrong) != "accepted");
  }
}

TEST_CASE("pins are those of SHA-256 keys", "[fs][cli][options]") {
  const auto pin = kSamples.at("tls-pin");
  CHECK(mount({"--tls-pin", pin + ";" + pin}).tls_pins == std::vector{pin, pin});
  for (const auto& wrong : {pin + ";", ";" + pin, pin.substr(8), "sha1//" + pin.substr(8),
                            std::string("sha256//AAAA"), pin + " "}) {
    CHECK(mount_refusal({"--tls-pin", wrong})
              .ends_with("is not sha256// and the base64 of a SHA-256"));
  }
}

TEST_CASE("options of mount(8) are ignored", "[fs][cli][options]") {
  const auto plain = mount({});
  for (const auto* ignored : {"_netdev",
                              "auto",
                              "noauto",
                              "user",
                              "users",
                              "nouser",
                              "user=bob",
                              "owner",
                              "group",
                              "nofail",
                              "defaults",
                              "x-systemd.automount",
                              "x-systemd.requires=network.target",
                              "x-gvfs-show",
                              "suid",
                              "nosuid",
                              "dev",
                              "nodev",
                              "exec",
                              "noexec",
                              "atime",
                              "noatime",
                              "nodiratime",
                              "relatime",
                              "norelatime",
                              "strictatime",
                              "lazytime",
                              "async",
                              "comment=x",
                              "rw",
                              "",
                              ",,"}) {
    INFO(ignored);
    CHECK(mount({"-o", ignored}) == plain);
  }
}

TEST_CASE("the last of several values holds, and the command line wins over -o",
          "[fs][cli][options]") {
  CHECK(mount({"--connections", "1", "--connections", "2"}).connections == 2);
  CHECK(mount({"-o", "connections=1", "-o", "connections=2"}).connections == 2);
  CHECK(mount({"--connections", "1", "-o", "connections=2"}).connections == 1);
  CHECK(mount({"-o", "ro"}).read_only);
  CHECK_FALSE(mount({"-o", "ro,rw"}).read_only);
  CHECK(mount({"-o", "rw,ro"}).read_only);
  CHECK(mount({"--read-only", "-o", "rw"}).read_only);
  CHECK(mount({"-o", "async,sync"}).sync);
  CHECK_FALSE(mount({"-o", "sync,async"}).sync);
  CHECK(mount({"-f", "--foreground"}).foreground);
}

TEST_CASE("options may follow SOURCE and MOUNTPOINT, as mount(8) passes them",
          "[fs][cli][options]") {
  const auto expected = mount({"-o", "ro"});
  CHECK(std::get<MountOptions>(parsed({"mount", kSource, "/mnt", "-o", "ro"})) == expected);
  CHECK(std::get<MountOptions>(parsed({kSource, "/mnt", "-o", "ro"})) == expected);
  CHECK(std::get<MountOptions>(parsed({"mount", "-o", "ro", "--", kSource, "/mnt"})) == expected);
}

TEST_CASE("the age of what the cache keeps is counted in whole days", "[fs][cli][options]") {
  const auto days = [](const std::string& age) {
    return std::get<MountOptions>(parsed({"mount", "--cache-max-age", age, kSource, "/mnt"}))
        .cache_max_age_days;
  };
  CHECK(days("0") == 0);
  CHECK(days("90d") == 90);
  CHECK(days("25h") == 2);
}

TEST_CASE("the status command takes a mount point or none", "[fs][cli][options]") {
  using fs::StatusOptions;
  const auto status = [](Arguments arguments) {
    arguments.insert(arguments.begin(), "status");
    return std::get<StatusOptions>(parsed(arguments));
  };
  CHECK(status({}) == StatusOptions{});
  CHECK(status({"mail", "--json"}) == StatusOptions{"mail", true});
  CHECK(refusal({"status", "/a", "/b"}) == "unexpected argument \"/b\": see imapfs help");
  CHECK(refusal({"status", "--jsno"}) == "unknown option --jsno: did you mean --json?");
}

TEST_CASE("the fetch command takes paths", "[fs][cli][options]") {
  using fs::FetchOptions;
  const auto fetch = [](Arguments arguments) {
    arguments.insert(arguments.begin(), "fetch");
    return std::get<FetchOptions>(parsed(arguments));
  };
  CHECK(fetch({"a"}) == FetchOptions{{"a"}});
  CHECK(fetch({"a", "--force", "b", "-q", "c"}) == FetchOptions{{"a", "b", "c"}, true, true});
  CHECK(fetch({"--quiet", "--", "-b"}) == FetchOptions{{"-b"}, true, false});
  CHECK(refusal({"fetch"}) == "fetch needs a PATH");
  CHECK(refusal({"fetch", "a", "--forse"}) == "unknown option --forse: did you mean --force?");
}

TEST_CASE("the cache command takes an account or all of them", "[fs][cli][options]") {
  using fs::CacheOptions;
  using Action = CacheOptions::Action;
  const auto cache = [](Arguments arguments) {
    arguments.insert(arguments.begin(), "cache");
    return std::get<CacheOptions>(parsed(arguments));
  };
  const auto source = fs::parse_source(kSource);
  CHECK(cache({"info", "--cache-dir", "/c"}) == CacheOptions{Action::info, "/c", std::nullopt});
  CHECK(cache({"verify", kSource, "--cache-dir", "/c"}) ==
        CacheOptions{Action::verify, "/c", source});
  CHECK(cache({"clear", "--all", "--cache-dir", "/c"}) ==
        CacheOptions{Action::clear, "/c", std::nullopt});
  CHECK(cache({"info"}).cache_dir == fs::default_cache_dir());
}

TEST_CASE("paths become absolute because the daemon leaves the directory", "[fs][cli][options]") {
  const auto here = std::filesystem::current_path();
  const auto options = std::get<MountOptions>(
      parsed({"mount", "--ca-file", "a/ca", "--password-file", "p", "--cache-dir", "c",
              "--log-file", "l", "--trace", "t", kSource, "mnt"}));
  CHECK(options.mountpoint == here / "mnt");
  CHECK(options.ca_file == here / "a/ca");
  CHECK(options.password_file == here / "p");
  CHECK(options.cache_dir == here / "c");
  CHECK(options.log_file == here / "l");
  CHECK(options.trace_file == here / "t");
  CHECK(std::get<fs::UmountOptions>(parsed({"umount", "mnt"})).mountpoint == here / "mnt");
}

TEST_CASE("bad usage is refused with one clear line", "[fs][cli][options]") {
  const std::pair<Arguments, std::string> bad[] = {
      {{}, "a command is missing: see imapfs help"},
      {{"mnt"}, "unexpected command \"mnt\": see imapfs help"},
      {{"mount"}, "mount needs SOURCE and MOUNTPOINT"},
      {{"mount", kSource}, "mount needs a MOUNTPOINT after SOURCE"},
      {{"mount", kSource, ""}, "mount needs a MOUNTPOINT after SOURCE"},
      {{"mount", kSource, "/mnt", "x"}, "unexpected argument \"x\": see imapfs help"},
      {{"mount", kSource, "/mnt", "--cache-dri", "/c"},
       "unknown option --cache-dri: did you mean --cache-dir?"},
      {{"mount", "--fore-ground", kSource, "/mnt"},
       "unknown option --fore-ground: did you mean --foreground?"},
      {{"mount", "-z", kSource, "/mnt"}, "unknown option -z"},
      {{"umount"}, "umount needs a MOUNTPOINT"},
      {{"umount", "/a", "/b"}, "unexpected argument \"/b\": see imapfs help"},
      {{"umount", "--lazy", "/a"}, "unknown option --lazy"},
      {{"cache"}, "cache needs one of info, verify and clear"},
      {{"cache", "burn"}, "cache knows info, verify and clear, not \"burn\""},
      {{"cache", "clear"}, "cache clear needs a SOURCE, or --all for the caches of all accounts"},
      {{"cache", "info", "--all", kSource}, "--all and SOURCE exclude each other"},
      {{"cache", "info", "--cache-dir", ""}, "--cache-dir needs a value"},
      {{"cache", "info", "--cache-dri", "/c"},
       "unknown option --cache-dri: did you mean --cache-dir?"},
      {{"cache", "info", kSource, "/mnt"}, "unexpected argument \"/mnt\": see imapfs help"},
      {{"help", "cook"}, "there is help for mount, umount, status, fetch, sync, flag and cache"},
      {{"--verison"}, "unknown option --verison: did you mean --version?"}};
  for (const auto& [arguments, message] : bad) CHECK(refusal(arguments) == message);
}

TEST_CASE("bad values are refused with the option's name", "[fs][cli][options]") {
  const std::pair<Arguments, std::string> bad[] = {
      {{"--tls", "ssl"}, "--tls: \"ssl\" is not one of implicit, starttls, none"},
      {{"--delete", "never"}, "--delete: \"never\" is not one of auto, expunge, trash, mark"},
      {{"--log-level", "INFO"},
       "--log-level: \"INFO\" is not one of trace, debug, info, warn, error"},
      {{"--cache-size", "big"}, "--cache-size: \"big\" is not a size such as 512M or 2G"},
      {{"--cache-size", "0"}, "--cache-size: \"0\" is not between 1M and 16T"},
      {{"--cache-size", "17T"}, "--cache-size: \"17T\" is not between 1M and 16T"},
      {{"--cache-max-age", "90"}, "--cache-max-age: \"90\" is neither between 1d and 36500d nor 0"},
      {{"--cache-max-age", "old"}, "--cache-max-age: \"old\" is not a duration such as 90d"},
      {{"--cache-min-free", "5%"}, "--cache-min-free: \"5%\" is not a size such as 512M or 2G"},
      {{"--connections", "0"}, "--connections: \"0\" is not a number from 1 to 16"},
      {{"--connections", "17"}, "--connections: \"17\" is not a number from 1 to 16"},
      {{"--connections", "3x"}, "--connections: \"3x\" is not a number from 1 to 16"},
      {{"--poll-interval", "500ms"},
       "--poll-interval: \"500ms\" is neither 0 nor between 1s and 24h"},
      {{"--timeout", "soon"}, "--timeout: \"soon\" is not a duration such as 30s or 2m"},
      {{"--timeout", "999ms"}, "--timeout: \"999ms\" is not between 1s and 1h"},
      {{"--timeout", "3601"}, "--timeout: \"3601\" is not between 1s and 1h"},
      {{"--names", "{subject}.eml"}, "--names: must end in {uid}.eml"},
      {{"--password-command", "a", "--password-file", "b"},
       "--password-command and --password-file exclude each other"},
      {{"-o", "allow_other,allow_root"}, "-o allow_other and -o allow_root exclude each other"},
      {{"-o", "allow_other=1"}, "-o allow_other takes no value"},
      {{"-o", "fsname"}, "-o fsname needs a value"},
      {{"-o", "cache_szie=1G"},
       "unknown mount option \"cache_szie\": did you mean \"cache-size\"?"},
      {{"-o", "alow_other"}, "unknown mount option \"alow_other\": did you mean \"allow_other\"?"},
      {{"-o", "ro,password=hunter2"},
       "unknown mount option \"password\": did you mean \"password-command\"?"},
      {{"-o", "zebra"}, "unknown mount option \"zebra\""},
      {{"-o", "a\x1b"}, "unknown mount option \"a\\x1B\""}};
  for (const auto& [arguments, message] : bad) CHECK(mount_refusal(arguments) == message);
}

TEST_CASE("without TLS only this machine is talked to, unless asked for", "[fs][cli][options]") {
  const std::string message =
      "--tls none would send the password readable over the network: only for a host on this "
      "machine, or with --allow-plaintext";
  CHECK(mount_refusal({"--tls", "none"}) == message);
  CHECK(mount_refusal({"-o", "tls=none"}) == message);
  CHECK(mount_refusal({"--tls", "none"}, "imap://a@10.0.0.1") == message);
  CHECK(mount({"--tls", "none"}, "imap://a@localhost").source.tls == fs::Tls::none);
  CHECK(mount({"--tls", "none"}, "imap://a@[::1]").source.port == 143);
  CHECK(mount({"--tls", "none", "--allow-plaintext"}).source.tls == fs::Tls::none);
}

TEST_CASE("a password on the command line never comes back in a message", "[fs][cli][options]") {
  const std::string url = "imaps://alice:hunter2@imap.example.com";
  for (const auto& arguments :
       std::vector<Arguments>{{"mount", url, "/mnt"},
                              {url, "/mnt"},
                              {"umount", url, url},
                              {"mont", url, "/mnt"},
                              {"mount", kSource, "/mnt", url},
                              {"mount", "--tls", url, "/mnt"},
                              {"mount", "--tls", url, kSource, "/mnt"},
                              {"mount", "-o", url, kSource, "/mnt"},
                              {"alice:hunter2@imap.example.com"},
                              {"mount", "--password=hunter2", kSource, "/m"},
                              {"mount", "-o", "pass=hunter2", kSource, "/m"},
                              {"help", url}}) {
    const auto message = refusal(arguments);
    INFO(message);
    CHECK(message != "accepted");
    CHECK(message.find("hunter2") == std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("help and version can be asked for in the usual ways", "[fs][cli][options]") {
  const auto overview = std::get<fs::HelpOptions>(parsed({"help"})).text;
  CHECK(overview.find("umount") != std::string::npos);
  CHECK(std::get<fs::HelpOptions>(parsed({"--help"})).text == overview);
  CHECK(std::get<fs::HelpOptions>(parsed({"-h"})).text == overview);

  const auto of_mount = std::get<fs::HelpOptions>(parsed({"help", "mount"})).text;
  for (const auto& option : fs::mount_long_options()) {
    CHECK(of_mount.find("--" + std::string(option.name)) != std::string::npos);
  }
  CHECK(of_mount.find("Usage: imapfs mount [OPTIONS] SOURCE MOUNTPOINT\n") != std::string::npos);
  CHECK(of_mount.find("TEXT") == std::string::npos);
  CHECK(std::get<fs::HelpOptions>(parsed({"mount", "--help"})).text == of_mount);
  CHECK(std::get<fs::HelpOptions>(parsed({"umount", "-h"})).text ==
        std::get<fs::HelpOptions>(parsed({"help", "umount"})).text);
  CHECK(std::holds_alternative<fs::VersionOptions>(parsed({"--version"})));
  CHECK(std::holds_alternative<fs::VersionOptions>(parsed({"-V"})));
}
