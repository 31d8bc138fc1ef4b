#include "fs/cli/mount.h"

#include "fs/cli/cache_dir.h"
#include "fs/cli/credentials.h"
#include "fs/cli/password_command.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace fs {
namespace {

/// How long a start waits for a server that does not answer if the cache has the folders.
constexpr std::chrono::milliseconds kPatienceWithCache{5'000};

class Stoppable : public Interrupt {
 public:
  explicit Stoppable(std::stop_token stop) : stop_(std::move(stop)) {}
  std::stop_token token() override { return stop_; }

 private:
  std::stop_token stop_;
};

imap::Endpoint endpoint_of(const Source& source) {
  imap::Endpoint endpoint{source.host, source.port, imap::TlsMode::implicit};
  if (source.tls == Tls::starttls) endpoint.tls = imap::TlsMode::starttls;
  if (source.tls == Tls::none) endpoint.tls = imap::TlsMode::none;
  return endpoint;
}

imap::TlsSettings tls_settings(const MountOptions& options) {
  imap::TlsSettings settings;
  if (!options.ca_file.empty()) settings.ca_file = options.ca_file.string();
  if (!options.client_cert.empty()) {
    settings.client = {options.client_cert.string(), options.client_key.string()};
  }
  settings.pins = options.tls_pins;
  return settings;
}

cache::Store::Options cache_options(const MountOptions& options) {
  cache::Store::Options cache;
  cache.directory = account_cache_dir(options);
  cache.body_limit_bytes = options.cache_size;
  cache.max_age_days = options.cache_max_age_days;
  cache.min_free = options.cache_min_free;
  cache.purpose = "the mount on " + options.mountpoint.string();
  cache.on_disk_change = [](const std::string& news) {
    spdlog::warn("{}", news);
  };
  return cache;
}

/// For this user alone, and never through a symbolic link that somebody else has put there.
std::FILE* open_trace(const std::filesystem::path& path) {
  if (path.empty()) return nullptr;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot write the trace {}", path.string()));
  }
  return ::fdopen(fd, "a");
}

/// What does not change as long as the mount lives.
MountStatus known_status(const MountOptions& options) {
  MountStatus status;
  status.source = to_url(options.source);
  status.mountpoint = options.mountpoint.string();
  status.mounted_at = std::time(nullptr);
  status.process = ::getpid();
  status.cache_directory = account_cache_dir(options).string();
  status.cache_limit = options.cache_size;
  return status;
}

}  // namespace

Mount::Mount(const MountOptions& options, imap::Secret password, const std::stop_token& stop,
             std::shared_ptr<RecentErrors> errors)
    : endpoint_(endpoint_of(options.source)),
      tokens_([this, command = options.token_command] { return fetch_token(command); }),
      login_{options.source.user, std::move(password),
             options.token_command.empty() ? nullptr : &tokens_, !options.client_cert.empty(),
             options.auth},
      trace_(open_trace(options.trace_file)),
      timeout_(options.timeout),
      errors_(std::move(errors)) {
  if (endpoint_.tls != imap::TlsMode::none) {
    tls_ = std::make_unique<imap::TlsContext>(tls_settings(options));
  }
  cache_ = cache::Store::open(cache_options(options));
  if (!cache_->notice().empty()) spdlog::warn("{}", cache_->notice());
  journal_ = cache::Journal::open(account_state_dir(options) / "journal",
                                  "the mount on " + options.mountpoint.string());
  if (!journal_->notice().empty()) spdlog::warn("{}", journal_->notice());
  imap::Pool::Settings pool_settings;
  pool_settings.connections = options.connections;
  pool_settings.connect = [this](unsigned number) {
    return connect(number);
  };
  pool_settings.on_state = [this](bool online, const std::string& reason) {
    state_changed(online, reason);
  };
  pool_settings.on_updates = [this](const imap::Updates& updates) {
    if (auto* mail = mail_ready_.load()) mail->take(updates);
  };
  pool_ = std::make_unique<imap::Pool>(std::move(pool_settings), abort_);
  network_watch_ = std::make_unique<imap::NetworkWatch>([this] { pool_->network_changed(); });
  MailStore::Settings mail_settings;
  mail_settings.timeout = timeout_;
  mail_settings.poll_interval = options.poll_interval;
  mail_settings.delete_policy = options.delete_policy;
  mail_settings.sync = options.sync;
  mail_settings.on_refused = [](const std::string& what) {
    spdlog::error("{}", what);
  };
  mail_ =
      std::make_unique<MailStore>(Backing{*cache_, *journal_, *pool_, progress_, mail_settings});
  mail_ready_ = mail_.get();
  try {
    load_folders(stop);
    Filesystem::Settings settings{
        {NameTemplate(options.names), root_mailbox(options.source.mailbox)},
        std::time(nullptr),
        Lifetimes{},
        [this, known = known_status(options)] { return status_json(known); },
        options.read_only,
        {account_cache_dir(options), account_lost_dir(options)}};
    filesystem_ = std::make_unique<Filesystem>(*mail_, std::move(settings));
  } catch (...) {
    // The destructor does not run for an object that was never complete.
    pool_->stop();
    throw;
  }
  if (!options.read_only) {
    for (const auto& lost : filesystem_->begin_changes()) spdlog::warn("{}", lost);
  }
  pool_->keep_watch(options.source.mailbox.empty() ? "INBOX" : filesystem_->naming().root_mailbox);
}

Mount::~Mount() {
  pool_->stop();
  mail_ready_ = nullptr;
}

void Mount::load_folders(const std::stop_token& stop) {
  Stoppable interrupt(stop);
  if (!mail_->recall_folders()) return mail_->load_folders(interrupt, timeout_);
  try {
    mail_->load_folders(interrupt, std::min(timeout_, kPatienceWithCache));
  } catch (const imap::TlsError&) {
    // Whoever stands there is not the server.
    throw;
  } catch (const imap::ConnectionError& error) {
    notice_ = fmt::format("starting without the server: {}", error.what());
  } catch (const imap::OfflineError& error) {
    notice_ = fmt::format("starting without the server: {}", error.what());
  }
}

void Mount::announce_to(std::shared_ptr<KernelCache> kernel) {
  filesystem_->announce_to(kernel);
  mail_->announce_to(std::make_shared<Announcer>(*mail_, filesystem_->naming(),
                                                 filesystem_->inodes(), std::move(kernel)));
}

void Mount::state_changed(bool online, const std::string& reason) {
  if (!online) return spdlog::warn("offline: {}", reason);
  spdlog::info("online: {}", reason);
  // Whatever has happened in between.
  if (auto* mail = mail_ready_.load()) {
    mail->poll();
    mail->retry_changes();
  }
}

void Mount::finish_changes(const std::stop_token& stop) {
  Stoppable interrupt(stop);
  try {
    mail_->sync(interrupt);
  } catch (const std::exception& error) {
    spdlog::warn("not all changes were made: {}", error.what());
  }
  const auto left = mail_->unsent();
  if (left > 0) {
    spdlog::warn("{} changes are left: the next mount of this account makes them", left);
  }
}

std::unique_ptr<imap::Session> Mount::connect(unsigned number) const {
  imap::Connection::Settings settings;
  settings.timeout = timeout_;
  settings.trace = &trace_;
  settings.progress = &progress_;
  settings.number = number;
  settings.compress = number == 0;  // the one that brings listings and no bodies, see Pool
  auto session = imap::Session::open(endpoint_, login_, tls_.get(), settings, abort_);
  session->negotiate();
  spdlog::debug("connection {}: logged in, {}", number, session->description());
  return session;
}

imap::Secret Mount::fetch_token(const std::string& command) const {
  try {
    return token_from_command(command, abort_);
  } catch (const CredentialsError& error) {
    // Often the network is down for the command, too: it is worth another attempt soon.
    throw imap::ConnectionError(error.what());
  }
}

std::string Mount::status_json(MountStatus known) const {
  known.account = mail_->status();
  known.errors = errors_->entries();
  return to_json(known);
}

std::string Mount::root_mailbox(const std::string& path) const {
  const auto tree = mail_->folders();
  const auto* folder = tree->find_path(path);
  if (folder == nullptr) throw std::runtime_error(fmt::format("there is no folder {}", path));
  return folder->wire_name;
}

}  // namespace fs
