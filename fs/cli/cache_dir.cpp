#include "fs/cli/cache_dir.h"

#include "fs/cli/percent_encoding.h"
#include "fs/cli/usage_error.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace fs {
namespace {

constexpr std::size_t kLongestName = 255;

std::filesystem::path absolute_from_environment(const char* variable) {
  const char* const value = std::getenv(variable);
  std::filesystem::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : std::filesystem::path{};
}

std::filesystem::path home() {
  if (auto path = absolute_from_environment("HOME"); !path.empty()) return path;
  // mount(8) at boot and system services run without HOME.
  const auto* const entry = getpwuid(geteuid());
  if (entry != nullptr && entry->pw_dir != nullptr && entry->pw_dir[0] == '/') return entry->pw_dir;
  throw UsageError("there is no home directory: use --cache-dir and --state-dir");
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

}  // namespace

std::filesystem::path default_cache_dir() {
  const auto cache_home = absolute_from_environment("XDG_CACHE_HOME");
  return (cache_home.empty() ? home() / ".cache" : cache_home) / "imapfs";
}

std::filesystem::path default_state_dir() {
  const auto state_home = absolute_from_environment("XDG_STATE_HOME");
  return (state_home.empty() ? home() / ".local/state" : state_home) / "imapfs";
}

std::filesystem::path account_state_dir(const MountOptions& options) {
  return options.state_dir / account_directory(options.source);
}

std::string account_directory(const Source& source) {
  auto user = percent_encoded(source.user, "@+");
  if (user.starts_with('.')) user.replace(0, 1, "%2E");
  auto name = fmt::format("{}@{}:{}", user, percent_encoded(source.host, ":"), source.port);
  if (name.size() <= kLongestName) return name;
  // What was cut off still counts through its hash. No short name contains `~`.
  const auto ending = '~' + sha256(name);
  return name.substr(0, kLongestName - ending.size()) + ending;
}

std::filesystem::path account_cache_dir(const MountOptions& options) {
  return options.cache_dir / account_directory(options.source);
}

std::filesystem::path account_lost_dir(const MountOptions& options) {
  return account_state_dir(options) / "lost+found";
}

}  // namespace fs
