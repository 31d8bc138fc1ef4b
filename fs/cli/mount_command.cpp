#include "fs/cli/mount_command.h"

#include "fs/cli/credentials.h"
#include "fs/cli/daemon.h"
#include "fs/cli/end_signals.h"
#include "fs/cli/log.h"
#include "fs/cli/mount.h"
#include "fs/cli/mount_point.h"
#include "fs/cli/source.h"
#include "imap/base/errors.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace fs {
namespace {

/// Mail is for this user alone.
Ownership ownership_of_this_user(bool read_only) {
  if (read_only) return {::geteuid(), ::getegid(), 0400, 0500};
  return {::geteuid(), ::getegid(), 0600, 0700};
}

FuseSession::Settings fuse_settings(const MountOptions& options,
                                    const std::filesystem::path& mountpoint) {
  FuseSession::Settings settings{mountpoint.string(), options.fsname, options.read_only, {}};
  if (options.allow_other) settings.options.emplace_back("allow_other");
  if (options.allow_root) settings.options.emplace_back("allow_root");
  return settings;
}

/// Asks the mount for its root, as the first of its users.
void check_answers(const std::filesystem::path& mountpoint) {
  struct stat stat {};
  if (::stat(mountpoint.c_str(), &stat) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("the mount on {} does not answer", mountpoint.string()));
  }
}

/// What a person can do about a failure, for those that a person can do something about.
std::string advice(const MountOptions& options) {
  if (!options.tls_pins.empty() || !options.client_cert.empty()) return {};
  return options.ca_file.empty()
             ? " (if this server's certificate is your own, give it with --ca-file)"
             : " (not with the certificates in " + options.ca_file.string() + " either)";
}

int serve(const MountOptions& options, const std::filesystem::path& mountpoint,
          imap::Secret password, Daemon& daemon) {
  ::signal(SIGPIPE, SIG_IGN);
  const EndSignals signals;
  const auto errors = std::make_shared<RecentErrors>();
  spdlog::set_default_logger(make_log(options, errors));
  try {
    Mount mount(options, std::move(password), signals.token(), errors);
    FuseSession session(mount.filesystem(), ownership_of_this_user(options.read_only),
                        fuse_settings(options, mountpoint));
    session.start();
    mount.announce_to(session.kernel_cache());
    check_answers(mountpoint);
    if (!mount.notice().empty()) {
      spdlog::warn("{}", mount.notice());
      daemon.notice(mount.notice());
    }
    daemon.ready();
    spdlog::info("mounted {} on {}", options.fsname, mountpoint.string());
    session.wait(signals.token());
    if (!options.read_only) mount.finish_changes({});
    // From here on nobody waits for the server, and the session can end.
    mount.disconnect();
    session.end();
    for (const auto& lost : mount.filesystem().rescue_drafts()) spdlog::warn("{}", lost);
    spdlog::info("unmounted {}", mountpoint.string());
    return 0;
  } catch (const imap::TlsError& error) {
    daemon.failed(error.what() + advice(options), 1);
  } catch (const imap::TimeoutError&) {
    daemon.failed(fmt::format("{} does not answer (waited {} s, see --timeout)",
                              options.source.host, options.timeout.count() / 1000),
                  1);
  } catch (const cache::LockedError& error) {
    daemon.failed(fmt::format("{}: unmount that one first, or give this one another --cache-dir",
                              error.what()),
                  1);
  } catch (const imap::CancelledError&) {
    daemon.failed("interrupted", 1);
  } catch (const std::exception& error) {
    daemon.failed(error.what(), 1);
  }
  return 1;
}

}  // namespace

int run_mount(const MountOptions& options) {
  const auto mountpoint = checked_mount_point(options.mountpoint);
  imap::Secret password;
  if (wants_password(options)) {
    password = obtain_password(
        options, fmt::format("Password for {} at {}: ", options.source.user, options.source.host));
  }
  const auto mode = options.foreground ? Daemon::Mode::foreground : Daemon::Mode::background;
  return Daemon::run(mode, [&](Daemon& daemon) {
    return serve(options, mountpoint, std::move(password), daemon);
  });
}

}  // namespace fs
