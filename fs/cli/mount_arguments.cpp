#include "fs/cli/mount_arguments.h"

#include "fs/cli/cache_dir.h"
#include "fs/cli/units.h"
#include "fs/cli/usage_error.h"
#include "fs/mail/file_names.h"
#include "imap/session/sasl/base64.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace fs {
namespace {

using Arguments = MountArguments;
constexpr std::array<LongOption, 26> kLongOptions{{
    {"foreground", "", "Do not become a daemon; log to standard error", &Arguments::foreground, {}},
    {"read-only", "", "Let nothing be changed through the mount", &Arguments::read_only, {}},
    {"sync", "", "Have every change wait for the server", &Arguments::sync, {}},
    {"delete",
     "POLICY",
     "What rm does: auto, expunge, trash or mark (default: auto)",
     {},
     &Arguments::delete_policy},
    {"tls", "MODE", "implicit, starttls or none (default: by SOURCE)", {}, &Arguments::tls},
    {"allow-plaintext",
     "",
     "Let --tls none talk to other hosts than this one",
     &Arguments::allow_plaintext,
     {}},
    {"ca-file",
     "FILE",
     "Trust these certificates (PEM) instead of the system's",
     {},
     &Arguments::ca_file},
    {"password-command",
     "CMD",
     "The first line that this shell command prints is the password",
     {},
     &Arguments::password_command},
    {"password-file",
     "FILE",
     "The first line of this private file is the password",
     {},
     &Arguments::password_file},
    {"token-command",
     "CMD",
     "The first line that this shell command prints is an OAuth2 access token",
     {},
     &Arguments::token_command},
    {"auth", "MECHANISM", "Log in by this SASL mechanism only", {}, &Arguments::auth},
    {"client-cert", "FILE", "Show the server this certificate (PEM)", {}, &Arguments::client_cert},
    {"client-key",
     "FILE",
     "Its private key (default: in the same file)",
     {},
     &Arguments::client_key},
    {"tls-pin",
     "PIN[;PIN...]",
     "Trust the server by its key alone: sha256//BASE64",
     {},
     &Arguments::tls_pin},
    {"cache-dir",
     "DIR",
     "Keep the cache below this directory (default: ~/.cache/imapfs)",
     {},
     &Arguments::cache_dir},
    {"state-dir",
     "DIR",
     "Keep changes that the server does not have yet here (default: ~/.local/state/imapfs)",
     {},
     &Arguments::state_dir},
    {"cache-size",
     "SIZE",
     "Limit of the cache, such as 512M (default: 2G)",
     {},
     &Arguments::cache_size},
    {"cache-max-age",
     "DURATION",
     "Forget messages that were not read for so long, such as 90d (default: 0, never)",
     {},
     &Arguments::cache_max_age},
    {"cache-min-free",
     "SIZE",
     "Leave so much of the disk free (default: 1G, or 5% of a small disk)",
     {},
     &Arguments::cache_min_free},
    {"connections",
     "N",
     "Connections to the server, 1 to 16 (default: 3)",
     {},
     &Arguments::connections},
    {"names", "TEMPLATE", "Shape of the file names, or uid (see imapfs(1))", {}, &Arguments::names},
    {"poll-interval",
     "DURATION",
     "How often to look for changes that the server does not tell, 0: never (default: 1m)",
     {},
     &Arguments::poll_interval},
    {"timeout",
     "DURATION",
     "Longest wait for the server, such as 30s (default: 30s)",
     {},
     &Arguments::timeout},
    {"log-level",
     "LEVEL",
     "trace, debug, info, warn or error (default: info)",
     {},
     &Arguments::log_level},
    {"log-file", "FILE", "Append the log to this file", {}, &Arguments::log_file},
    {"trace",
     "FILE",
     "Write the protocol, without secrets and mail, to this file",
     {},
     &Arguments::trace},
}};

constexpr std::uint64_t kDefaultCacheSize = std::uint64_t{2} << 30U;
constexpr std::uint64_t kSmallestCache = std::uint64_t{1} << 20U;
constexpr std::uint64_t kLargestCache = std::uint64_t{16} << 40U;
constexpr std::chrono::days kLongestAge{36'500};
constexpr unsigned kDefaultConnections = 4;
constexpr unsigned kMostConnections = 16;
constexpr std::chrono::milliseconds kDefaultTimeout = std::chrono::seconds{30};
constexpr std::chrono::milliseconds kShortestTimeout = std::chrono::seconds{1};
constexpr std::chrono::milliseconds kLongestTimeout = std::chrono::hours{1};
constexpr std::chrono::milliseconds kDefaultPollInterval = std::chrono::minutes{1};
constexpr std::chrono::milliseconds kShortestPollInterval = std::chrono::seconds{1};
constexpr std::chrono::milliseconds kLongestPollInterval = std::chrono::hours{24};

template <class Value>
using Choice = std::pair<std::string_view, Value>;

constexpr std::array<Choice<Tls>, 3> kTlsModes{
    {{"implicit", Tls::implicit}, {"starttls", Tls::starttls}, {"none", Tls::none}}};
constexpr std::array<Choice<DeletePolicy>, 4> kDeletePolicies{{{"auto", DeletePolicy::automatic},
                                                               {"expunge", DeletePolicy::expunge},
                                                               {"trash", DeletePolicy::trash},
                                                               {"mark", DeletePolicy::mark}}};
constexpr std::array<Choice<LogLevel>, 5> kLogLevels{{{"trace", LogLevel::trace},
                                                      {"debug", LogLevel::debug},
                                                      {"info", LogLevel::info},
                                                      {"warn", LogLevel::warn},
                                                      {"error", LogLevel::error}}};

[[noreturn]] void refuse(std::string_view option, std::string_view value, std::string_view rule) {
  throw UsageError(fmt::format("--{}: {} {}", option, shown_word(value), rule));
}

template <class Value, std::size_t count>
Value chosen(std::string_view option, std::string_view value,
             const std::array<Choice<Value>, count>& choices) {
  std::string known;
  for (const auto& [name, result] : choices) {
    if (name == value) return result;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  refuse(option, value, "is not one of " + known);
}

std::uint64_t cache_size(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) refuse("cache-size", text, "is not a size such as 512M or 2G");
  if (*size < kSmallestCache || *size > kLargestCache) {
    refuse("cache-size", text, "is not between 1M and 16T");
  }
  return *size;
}

std::uint32_t cache_max_age(std::string_view text) {
  using Days = std::chrono::days;
  if (text == "0") return 0;
  const auto duration = parse_duration(text);
  if (!duration) refuse("cache-max-age", text, "is not a duration such as 90d");
  if (*duration < Days{1} || *duration > kLongestAge) {
    refuse("cache-max-age", text, "is neither between 1d and 36500d nor 0");
  }
  return static_cast<std::uint32_t>(std::chrono::ceil<Days>(*duration).count());
}

std::uint64_t cache_min_free(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) refuse("cache-min-free", text, "is not a size such as 512M or 2G");
  return *size;
}

unsigned connections(std::string_view text) {
  unsigned count = 0;
  const auto* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, count);
  if (result.ec != std::errc{} || result.ptr != end || count < 1 || count > kMostConnections) {
    refuse("connections", text, "is not a number from 1 to 16");
  }
  return count;
}

std::chrono::milliseconds timeout(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) refuse("timeout", text, "is not a duration such as 30s or 2m");
  if (*duration < kShortestTimeout || *duration > kLongestTimeout) {
    refuse("timeout", text, "is not between 1s and 1h");
  }
  return *duration;
}

std::chrono::milliseconds poll_interval(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) refuse("poll-interval", text, "is not a duration such as 30s or 2m");
  if (duration->count() == 0) return *duration;
  if (*duration < kShortestPollInterval || *duration > kLongestPollInterval) {
    refuse("poll-interval", text, "is neither 0 nor between 1s and 24h");
  }
  return *duration;
}

std::filesystem::path absolute_path(const std::optional<std::string>& text) {
  return text ? std::filesystem::absolute(*text) : std::filesystem::path{};
}

void check_value(std::string_view option, const std::string& value) {
  if (value.empty()) throw UsageError(fmt::format("--{} needs a value", option));
  if (value.find('\0') != std::string::npos) {
    throw UsageError(fmt::format("--{}: the value contains a NUL character", option));
  }
}

void check_values_given(const MountArguments& arguments) {
  for (const auto& option : kLongOptions) {
    if (option.text == nullptr) continue;
    const auto& value = arguments.*option.text;
    if (value) check_value(option.name, *value);
  }
}

void check_plaintext(const MountOptions& options) {
  if (options.source.tls != Tls::none || options.allow_plaintext) return;
  if (is_loopback(options.source.host)) return;
  throw UsageError(
      "--tls none would send the password readable over the network: only for a host on this "
      "machine, or with --allow-plaintext");
}

/// `sha256//` and the base64 of 32 octets.
bool is_pin(std::string_view text) {
  constexpr std::string_view kKind = "sha256//";
  if (!text.starts_with(kKind)) return false;
  const auto digest = imap::base64_decoded(text.substr(kKind.size()));
  return digest && digest->size() == 32;
}

std::vector<std::string> tls_pins(std::string_view text) {
  std::vector<std::string> pins;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    pins.emplace_back(text.substr(at, end - at));
    if (!is_pin(pins.back())) {
      refuse("tls-pin", pins.back(), "is not sha256// and the base64 of a SHA-256");
    }
    at = end + 1;
  }
  return pins;
}

void take_login(const MountArguments& arguments, MountOptions& options) {
  const bool has_password = arguments.password_command || arguments.password_file;
  if (arguments.password_command && arguments.password_file) {
    throw UsageError("--password-command and --password-file exclude each other");
  }
  if (arguments.token_command && has_password) {
    throw UsageError("--token-command excludes a password: a token is used instead of one");
  }
  if (arguments.client_key && !arguments.client_cert) {
    throw UsageError("--client-key needs --client-cert");
  }
  options.password_command = arguments.password_command.value_or("");
  options.password_file = absolute_path(arguments.password_file);
  options.token_command = arguments.token_command.value_or("");
  options.client_cert = absolute_path(arguments.client_cert);
  options.client_key =
      absolute_path(arguments.client_key ? arguments.client_key : arguments.client_cert);
  if (arguments.tls_pin) options.tls_pins = tls_pins(*arguments.tls_pin);
  if (options.source.tls == Tls::none && (arguments.client_cert || arguments.tls_pin)) {
    throw UsageError("--client-cert and --tls-pin need TLS");
  }
  if (!arguments.auth) return;
  options.auth = imap::login_method_named(*arguments.auth);
  if (!options.auth) refuse("auth", *arguments.auth, "is not a mechanism that imapfs knows");
  if (imap::takes_token(*options.auth) != arguments.token_command.has_value()) {
    throw UsageError("--auth: OAUTHBEARER and XOAUTH2, and no others, need --token-command");
  }
  if (options.auth == imap::LoginMethod::external && !arguments.client_cert) {
    throw UsageError("--auth: EXTERNAL needs --client-cert");
  }
}

std::string checked_names(const std::string& names) {
  try {
    static_cast<void>(NameTemplate(names));
    return names;
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string("--names: ") + error.what());
  }
}

}  // namespace

std::span<const LongOption> mount_long_options() {
  return kLongOptions;
}

std::filesystem::path checked_cache_dir(const std::optional<std::string>& text) {
  if (!text) return default_cache_dir();
  check_value("cache-dir", *text);
  return std::filesystem::absolute(*text);
}

MountOptions checked_mount_options(const MountArguments& arguments) {
  check_values_given(arguments);
  if (arguments.source.empty()) throw UsageError("mount needs SOURCE and MOUNTPOINT");
  MountOptions options;
  std::optional<Tls> tls;
  if (arguments.tls) tls = chosen("tls", *arguments.tls, kTlsModes);
  options.source = parse_source(arguments.source, tls);
  if (arguments.mountpoint.empty()) throw UsageError("mount needs a MOUNTPOINT after SOURCE");
  options.mountpoint = std::filesystem::absolute(arguments.mountpoint);
  options.foreground = arguments.foreground;
  options.read_only = arguments.read_only;
  options.sync = arguments.sync;
  if (arguments.delete_policy) {
    options.delete_policy = chosen("delete", *arguments.delete_policy, kDeletePolicies);
  }

  options.allow_plaintext = arguments.allow_plaintext;
  check_plaintext(options);
  options.ca_file = absolute_path(arguments.ca_file);
  take_login(arguments, options);

  options.cache_dir = checked_cache_dir(arguments.cache_dir);
  options.state_dir =
      arguments.state_dir ? absolute_path(arguments.state_dir) : default_state_dir();
  options.cache_size = arguments.cache_size ? cache_size(*arguments.cache_size) : kDefaultCacheSize;
  if (arguments.cache_max_age) options.cache_max_age_days = cache_max_age(*arguments.cache_max_age);
  if (arguments.cache_min_free) options.cache_min_free = cache_min_free(*arguments.cache_min_free);
  options.connections =
      arguments.connections ? connections(*arguments.connections) : kDefaultConnections;
  options.names =
      arguments.names ? checked_names(*arguments.names) : std::string(NameTemplate::kDefault);
  options.poll_interval =
      arguments.poll_interval ? poll_interval(*arguments.poll_interval) : kDefaultPollInterval;
  options.timeout = arguments.timeout ? timeout(*arguments.timeout) : kDefaultTimeout;

  if (arguments.log_level)
    options.log_level = chosen("log-level", *arguments.log_level, kLogLevels);
  options.log_file = absolute_path(arguments.log_file);
  options.trace_file = absolute_path(arguments.trace);
  options.fsname = to_url(options.source);
  options.subtype = "imapfs";
  return options;
}

}  // namespace fs
