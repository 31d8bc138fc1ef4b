#include "fs/cli/mount.h"

#include "fs/cli/cache_dir.h"
#include "fs/cli/credentials.h"
#include "fs/cli/password_command.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace fs {
namespace {

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

}  // namespace

Mount::Mount(const MountOptions& options, imap::Secret password, const std::stop_token& stop)
    : endpoint_(endpoint_of(options.source)),
      tokens_([this, command = options.token_command] { return fetch_token(command); }),
      login_{options.source.user, std::move(password),
             options.token_command.empty() ? nullptr : &tokens_, !options.client_cert.empty(),
             options.auth},
      trace_(open_trace(options.trace_file)),
      timeout_(options.timeout) {
  if (endpoint_.tls != imap::TlsMode::none) {
    tls_ = std::make_unique<imap::TlsContext>(tls_settings(options));
  }
  cache_ = cache::Store::open({account_cache_dir(options), options.cache_size});
  if (!cache_->notice().empty()) spdlog::warn("{}", cache_->notice());
  pool_ = std::make_unique<imap::Pool>(
      imap::Pool::Settings{options.connections, [this](unsigned number) { return connect(number); },
                           [](bool online, const std::string& reason) {
                             online ? spdlog::info("online: {}", reason)
                                    : spdlog::warn("offline: {}", reason);
                           }},
      abort_);
  network_watch_ = std::make_unique<imap::NetworkWatch>([this] { pool_->network_changed(); });
  MailStore::Settings mail_settings;
  mail_settings.timeout = timeout_;
  mail_ = std::make_unique<MailStore>(Backing{*cache_, *pool_, progress_, mail_settings});
  try {
    Stoppable interrupt(stop);
    mail_->load_folders(interrupt);
    filesystem_ = std::make_unique<Filesystem>(
        *mail_,
        Filesystem::Settings{NameTemplate(options.names), root_mailbox(options.source.mailbox),
                             std::time(nullptr), Lifetimes{}});
  } catch (...) {
    // The destructor does not run for an object that was never complete.
    pool_->stop();
    throw;
  }
}

Mount::~Mount() {
  pool_->stop();
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

std::string Mount::root_mailbox(const std::string& path) const {
  const auto tree = mail_->folders();
  const auto* folder = tree->find_path(path);
  if (folder == nullptr) throw std::runtime_error(fmt::format("there is no folder {}", path));
  return folder->wire_name;
}

}  // namespace fs
