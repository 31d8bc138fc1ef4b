// Stands in for the mount, so that the program's entry point is tested without a server.
#include "fs/cli/mount_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

int fs::run_mount(const MountOptions& options) {
  if (options.mountpoint == "/throw") throw std::runtime_error("no such\nserver");
  std::fputs(fmt::format("mount {}\n", options.fsname).c_str(), stdout);
  return options.mountpoint == "/fail" ? 1 : 0;
}
