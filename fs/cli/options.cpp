#include "fs/cli/options.h"

#include "fs/cli/flag_words.h"
#include "fs/cli/fstab_options.h"
#include "fs/cli/mount_arguments.h"
#include "fs/cli/nearest.h"
#include "fs/cli/safe_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace fs {
namespace {

constexpr int kHelpColumn = 32;

/// CLI11's help text under a usage line of ours.
class HelpText : public CLI::Formatter {
 public:
  explicit HelpText(std::string usage) : usage_(std::move(usage)) { column_width(kHelpColumn); }

  std::string make_usage(const CLI::App*, std::string) const override {
    return fmt::format("Usage: {}\n", usage_);
  }

 private:
  const std::string usage_;
};

void set_usage(CLI::App& command, std::string usage) {
  command.formatter(std::make_shared<HelpText>(std::move(usage)));
  command.footer("See imapfs(1).");
}

/// The grammar and what one pass over the arguments found.
class Parser {
 public:
  Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// Throws UsageError.
  void parse(std::vector<std::string> arguments);

  bool is_mount() const { return mount_->parsed(); }
  bool is_umount() const { return umount_->parsed(); }
  bool wants_version() const { return wants_version_; }
  /// The help text that was asked for, or nothing.
  std::optional<std::string> help() const;

  const MountArguments& mount_arguments() const { return mount_arguments_; }
  const std::vector<std::string>& comma_lists() const { return comma_lists_; }
  const std::string& umount_point() const { return umount_point_; }
  bool is_status() const { return status_->parsed(); }
  StatusOptions status_options() const;
  bool is_fetch() const { return fetch_->parsed(); }
  /// Throws UsageError.
  FetchOptions fetch_options() const;
  bool is_sync() const { return sync_->parsed(); }
  SyncOptions sync_options() const { return {{sync_paths_.begin(), sync_paths_.end()}}; }
  bool is_flag() const { return flag_->parsed(); }
  /// Throws UsageError.
  FlagOptions flag_options(std::vector<std::string> changes) const;
  bool is_cache() const { return cache_->parsed(); }
  /// Throws UsageError.
  CacheOptions cache_options() const;

 private:
  void declare_mount();
  void declare_status();
  void declare_fetch();
  void declare_changes();
  void declare_cache();
  void declare(const LongOption& option);
  void refuse_extras() const;
  [[noreturn]] void refuse_extra(const std::string& extra) const;

  CLI::App app_{"Mount an IMAP account: folders are directories, messages are files.", "imapfs"};
  CLI::App* mount_ = nullptr;
  CLI::App* umount_ = nullptr;
  CLI::App* status_ = nullptr;
  CLI::App* fetch_ = nullptr;
  CLI::App* sync_ = nullptr;
  CLI::App* flag_ = nullptr;
  CLI::App* cache_ = nullptr;
  MountArguments mount_arguments_;
  std::vector<std::string> comma_lists_;
  std::string umount_point_;
  std::string status_mountpoint_;
  bool status_json_ = false;
  std::vector<std::string> fetch_paths_;
  bool fetch_quiet_ = false;
  bool fetch_force_ = false;
  std::vector<std::string> sync_paths_;
  std::vector<std::string> flag_paths_;
  std::string cache_action_;
  std::string cache_source_;
  std::optional<std::string> cache_dir_;
  bool cache_all_ = false;
  bool wants_version_ = false;
  bool wants_help_ = false;
};

Parser::Parser() {
  app_.set_help_flag();
  app_.add_flag("-h,--help", wants_help_, "Print this text");
  app_.add_flag("-V,--version", wants_version_, "Print the version");
  declare_mount();

  umount_ = app_.add_subcommand("umount", "End a mount, also one whose process is gone");
  umount_->add_option("MOUNTPOINT", umount_point_, "The directory on which it is mounted")
      ->type_name("");
  set_usage(*umount_, "imapfs umount MOUNTPOINT");
  declare_status();
  declare_fetch();
  declare_changes();
  declare_cache();
  app_.add_subcommand("help", "Print this text, or with a command its options");
  set_usage(app_, "imapfs COMMAND [OPTIONS]");

  // Our own messages about what is left over never repeat SOURCE.
  app_.allow_extras();
  for (auto* command : {mount_, umount_, status_, fetch_, sync_, flag_, cache_}) {
    command->allow_extras();
    command->set_help_flag();
    command->add_flag("-h,--help", wants_help_, "Print this text");
  }
}

void Parser::declare_mount() {
  mount_ = app_.add_subcommand("mount", "Mount an account on an empty directory");
  mount_->add_option("SOURCE", mount_arguments_.source, "imap[s]://user@host[:port][/mailbox]")
      ->type_name("");
  mount_->add_option("MOUNTPOINT", mount_arguments_.mountpoint, "An empty directory")
      ->type_name("");
  set_usage(*mount_, "imapfs mount [OPTIONS] SOURCE MOUNTPOINT");
  for (const auto& option : mount_long_options()) declare(option);
  mount_->add_option("-o", comma_lists_, "Any of these as name or name=value, and mount options")
      ->type_name("OPT[,OPT...]")
      ->allow_extra_args(false);  // one list for each -o
}

void Parser::declare_status() {
  status_ = app_.add_subcommand("status", "Print what mounts are doing");
  status_
      ->add_option("MOUNTPOINT", status_mountpoint_,
                   "Where it is mounted (default: all mounts of this user)")
      ->type_name("");
  status_->add_flag("--json", status_json_, "Print JSON: an array unless MOUNTPOINT is given")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->disable_flag_override();
  set_usage(*status_, "imapfs status [--json] [MOUNTPOINT]");
}

StatusOptions Parser::status_options() const {
  StatusOptions options;
  if (!status_mountpoint_.empty()) options.mountpoint = status_mountpoint_;
  options.json = status_json_;
  return options;
}

void Parser::declare_fetch() {
  fetch_ = app_.add_subcommand("fetch", "Bring messages into the cache, for use without a network");
  fetch_->add_option("PATH", fetch_paths_, "A message in a mount, or a directory with all below it")
      ->type_name("");
  const auto add_flag = [this](const char* name, bool& value, const char* description) {
    fetch_->add_flag(name, value, description)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->disable_flag_override();
  };
  add_flag("--force", fetch_force_, "Also where the cache has no room for all of it");
  add_flag("-q,--quiet", fetch_quiet_, "Say nothing but what went wrong");
  set_usage(*fetch_, "imapfs fetch [--force] [--quiet] PATH...");
}

FetchOptions Parser::fetch_options() const {
  if (fetch_paths_.empty()) throw UsageError("fetch needs a PATH");
  return {{fetch_paths_.begin(), fetch_paths_.end()}, fetch_quiet_, fetch_force_};
}

void Parser::declare_changes() {
  sync_ = app_.add_subcommand("sync", "Wait until the server has all that was changed");
  sync_->add_option("PATH", sync_paths_, "In a mount (default: all mounts of this user)")
      ->type_name("");
  set_usage(*sync_, "imapfs sync [PATH...]");
  flag_ = app_.add_subcommand("flag", "Set and take off flags of messages");
  flag_->add_option("PATH", flag_paths_, "A message in a mount")->type_name("");
  set_usage(*flag_,
            "imapfs flag PATH... {+|-}FLAG...\n\n"
            "FLAG is seen, answered, flagged, deleted, draft, or a keyword.");
}

FlagOptions Parser::flag_options(std::vector<std::string> changes) const {
  if (flag_paths_.empty()) throw UsageError("flag needs a PATH");
  if (changes.empty()) throw UsageError("flag needs what to change, such as +seen or -flagged");
  return {{flag_paths_.begin(), flag_paths_.end()}, std::move(changes)};
}

void Parser::declare_cache() {
  cache_ = app_.add_subcommand("cache", "Look at, check or empty the cache");
  cache_->add_option("ACTION", cache_action_, "info, verify or clear")->type_name("");
  cache_->add_option("SOURCE", cache_source_, "The account, as it is mounted (default: all)")
      ->type_name("");
  cache_
      ->add_option_function<std::string>(
          "--cache-dir", [this](const std::string& text) { cache_dir_ = text; },
          "The caches are below this directory (default: ~/.cache/imapfs)")
      ->type_name("DIR")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  cache_->add_flag("--all", cache_all_, "All accounts, which clear does not do unasked")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->disable_flag_override();
  set_usage(*cache_, "imapfs cache info|verify|clear [OPTIONS] [SOURCE]");
}

CacheOptions Parser::cache_options() const {
  using Action = CacheOptions::Action;
  CacheOptions options;
  if (cache_action_.empty()) throw UsageError("cache needs one of info, verify and clear");
  if (cache_action_ == "verify") {
    options.action = Action::verify;
  } else if (cache_action_ == "clear") {
    options.action = Action::clear;
  } else if (cache_action_ != "info") {
    throw UsageError(
        fmt::format("cache knows info, verify and clear, not {}", shown_word(cache_action_)));
  }
  options.cache_dir = checked_cache_dir(cache_dir_);
  if (!cache_source_.empty()) options.source = parse_source(cache_source_);
  if (cache_all_ && options.source) throw UsageError("--all and SOURCE exclude each other");
  if (options.action == Action::clear && !options.source && !cache_all_) {
    throw UsageError("cache clear needs a SOURCE, or --all for the caches of all accounts");
  }
  return options;
}

void Parser::declare(const LongOption& option) {
  const std::string shorthand = option.name == "foreground" ? "-f," : "";
  const auto names = fmt::format("{}--{}", shorthand, option.name);
  const std::string description(option.description);
  if (option.on != nullptr) {
    mount_->add_flag(names, mount_arguments_.*option.on, description)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->disable_flag_override();
    return;
  }
  auto& value = mount_arguments_.*option.text;
  mount_
      ->add_option_function<std::string>(
          names, [&value](const std::string& text) { value = text; }, description)
      ->type_name(std::string(option.value))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Parser::refuse_extra(const std::string& extra) const {
  if (!extra.starts_with("-") || extra == "-") {
    const auto* const what = app_.get_subcommands().empty() ? "command" : "argument";
    throw UsageError(fmt::format("unexpected {} {}: see imapfs help", what, shown_word(extra)));
  }
  const auto name = extra.substr(0, extra.find('='));
  std::vector<std::string_view> known{"help", "version"};
  if (is_mount()) {
    known = {"help"};
    for (const auto& option : mount_long_options()) known.push_back(option.name);
  }
  if (is_status()) known = {"help", "json"};
  if (is_fetch()) known = {"help", "force", "quiet"};
  if (is_sync() || is_flag()) known = {"help"};
  if (is_cache()) known = {"help", "cache-dir", "all"};
  const auto near = name.starts_with("--") ? nearest(name.substr(2), known) : std::string_view{};
  throw UsageError(fmt::format("unknown option {}{}", safe_text(name),
                               near.empty() ? "" : fmt::format(": did you mean --{}?", near)));
}

void Parser::refuse_extras() const {
  auto extras = app_.remaining(true);
  std::erase(extras, "--");  // CLI11 obeys it and still counts it as left over
  // An unknown option leaves its value behind, too: the option is what to complain about.
  const auto option = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& extra) { return extra.starts_with('-'); });
  if (option != extras.end()) refuse_extra(*option);
  if (!extras.empty()) refuse_extra(extras.front());
}

void Parser::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    throw UsageError(safe_text(error.what()));
  }
  if (!wants_help_) refuse_extras();
}

std::optional<std::string> Parser::help() const {
  if (!wants_help_) return std::nullopt;
  const auto chosen = app_.get_subcommands();
  return chosen.empty() ? app_.help() : chosen.front()->help();
}

/// `imapfs help [COMMAND]` as the option that it means: CLI11 would take COMMAND for the command.
std::vector<std::string> without_help_command(std::vector<std::string> arguments) {
  if (arguments.size() > 2) throw UsageError("help takes one command");
  constexpr auto kCommands = std::to_array<std::string_view>(
      {"mount", "umount", "status", "fetch", "sync", "flag", "cache"});
  if (arguments.size() == 2 && std::ranges::find(kCommands, arguments[1]) == kCommands.end()) {
    throw UsageError("there is help for mount, umount, status, fetch, sync, flag and cache");
  }
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

MountOptions parse_mount(const Parser& first, const std::vector<std::string>& arguments) {
  const auto fstab = parse_fstab_options(first.comma_lists());
  // Once more with those of -o in front, where any later one overrides them.
  auto all = fstab.arguments;
  all.insert(all.begin(), "mount");
  all.insert(all.end(), arguments.begin() + 1, arguments.end());
  Parser second;
  second.parse(all);

  auto options = checked_mount_options(second.mount_arguments());
  options.allow_other = fstab.allow_other;
  options.allow_root = fstab.allow_root;
  options.default_permissions = fstab.default_permissions;
  if (!fstab.fsname.empty()) options.fsname = fstab.fsname;
  if (!fstab.subtype.empty()) options.subtype = fstab.subtype;
  return options;
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  auto all = arguments;
  if (!all.empty() && all.front() == "help") all = without_help_command(std::move(all));
  if (!all.empty() && all.front().find("://") != std::string::npos) {
    all.insert(all.begin(), "mount");
  }
  std::vector<std::string> flag_changes;
  if (!all.empty() && all.front() == "flag") flag_changes = take_flag_changes(all);
  Parser parser;
  parser.parse(all);
  if (auto help = parser.help()) return HelpOptions{*std::move(help)};
  if (parser.wants_version()) return VersionOptions{};
  if (parser.is_mount()) return parse_mount(parser, all);
  if (parser.is_status()) return parser.status_options();
  if (parser.is_fetch()) return parser.fetch_options();
  if (parser.is_sync()) return parser.sync_options();
  if (parser.is_flag()) return parser.flag_options(std::move(flag_changes));
  if (parser.is_cache()) return parser.cache_options();
  if (!parser.is_umount()) throw UsageError("a command is missing: see imapfs help");
  if (parser.umount_point().empty()) throw UsageError("umount needs a MOUNTPOINT");
  return UmountOptions{std::filesystem::absolute(parser.umount_point())};
}

}  // namespace fs
