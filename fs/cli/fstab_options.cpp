#include "fs/cli/fstab_options.h"

#include "fs/cli/comma_options.h"
#include "fs/cli/mount_arguments.h"
#include "fs/cli/nearest.h"
#include "fs/cli/safe_text.h"
#include "fs/cli/usage_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fs {
namespace {

/// For mount(8), or about what a mailbox does not have (devices, programs, access times).
constexpr std::array<std::string_view, 36> kIgnored{
    "-netdev",     "atime",         "auto",    "comment",    "defaults",   "dev",
    "diratime",    "dirsync",       "exec",    "group",      "iversion",   "lazytime",
    "loud",        "mand",          "noatime", "noauto",     "nodev",      "nodiratime",
    "noexec",      "nofail",        "nogroup", "noiversion", "nolazytime", "nomand",
    "noowner",     "norelatime",    "nosuid",  "nouser",     "owner",      "relatime",
    "strictatime", "nostrictatime", "silent",  "suid",       "user",       "users"};
constexpr std::array<std::string_view, 8> kFuseOnly{
    "ro", "rw", "async", "allow_other", "allow_root", "default_permissions", "fsname", "subtype"};

bool is_ignored(std::string_view name) {
  return name.starts_with("x-") ||
         std::find(kIgnored.begin(), kIgnored.end(), name) != kIgnored.end();
}

void refuse_value(const CommaOption& option) {
  if (option.value) {
    throw UsageError(fmt::format("-o {} takes no value", safe_text(option.name)));
  }
}

const std::string& required_value(const CommaOption& option) {
  if (option.value.value_or("").empty()) {
    throw UsageError(fmt::format("-o {} needs a value", safe_text(option.name)));
  }
  return *option.value;
}

/// Whether it was an option that only FUSE knows; `name` has dashes for underscores.
bool apply_fuse_option(FstabOptions& result, std::string_view name, const CommaOption& option) {
  if (name == "fsname" || name == "subtype") {
    (name == "fsname" ? result.fsname : result.subtype) = required_value(option);
    return true;
  }
  if (name == "ro" || name == "rw") {
    std::erase(result.arguments, "--read-only");
    if (name == "ro") result.arguments.emplace_back("--read-only");
  } else if (name == "async") {
    std::erase(result.arguments, "--sync");
  } else if (name == "allow-other") {
    result.allow_other = true;
  } else if (name == "allow-root") {
    result.allow_root = true;
  } else if (name == "default-permissions") {
    result.default_permissions = true;
  } else {
    return false;
  }
  refuse_value(option);
  return true;
}

std::string long_argument(const LongOption& known, const CommaOption& option) {
  if (known.value.empty()) {
    refuse_value(option);
    return fmt::format("--{}", known.name);
  }
  return fmt::format("--{}={}", known.name, required_value(option));
}

void apply(FstabOptions& result, const CommaOption& option) {
  auto name = option.name;
  std::replace(name.begin(), name.end(), '_', '-');
  if (is_ignored(name) || apply_fuse_option(result, name, option)) return;
  const auto known = mount_long_options();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&name](const LongOption& each) { return each.name == name; });
  if (found == known.end()) {
    std::vector<std::string_view> names(kFuseOnly.begin(), kFuseOnly.end());
    for (const auto& each : known) names.push_back(each.name);
    const auto near = nearest(option.name, names);
    throw UsageError(fmt::format("unknown mount option {}{}", shown_word(option.name),
                                 near.empty() ? "" : fmt::format(": did you mean \"{}\"?", near)));
  }
  result.arguments.push_back(long_argument(*found, option));
}

}  // namespace

FstabOptions parse_fstab_options(const std::vector<std::string>& lists) {
  FstabOptions result;
  for (const auto& list : lists) {
    for (const auto& option : split_comma_options(list)) apply(result, option);
  }
  if (result.allow_other && result.allow_root) {
    throw UsageError("-o allow_other and -o allow_root exclude each other");
  }
  return result;
}

}  // namespace fs
