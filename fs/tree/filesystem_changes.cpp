// Messages that are moved and removed.

#include "fs/tree/errors.h"
#include "fs/tree/filesystem.h"

#include <fmt/format.h>

#include <cerrno>

namespace fs {

void Filesystem::rename_message(const Place& from, const Place& /*to*/, unsigned /*flags*/,
                                Interrupt& /*interrupt*/) {
  throw TreeError(EPERM, fmt::format("cannot rename {}: messages cannot be changed", from.name));
}

}  // namespace fs
