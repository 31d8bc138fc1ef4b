#pragma once
/// The options after `-o`, as mount(8) and fstab give them: each long option of `imapfs mount`, a
/// few that only FUSE knows, and many that are for mount(8) alone. Pure.

#include <string>
#include <vector>

namespace fs {

struct FstabOptions {
  /// The long options among them as `--name` and `--name=value`.
  std::vector<std::string> arguments;
  bool allow_other = false;
  bool allow_root = false;
  bool default_permissions = false;
  std::string fsname;   // empty: not given
  std::string subtype;  // empty: not given

  bool operator==(const FstabOptions&) const = default;
};

/// Reads the lists in order; of options that contradict each other the last one holds. Throws
/// UsageError, which names the nearest known option when it does not know one.
FstabOptions parse_fstab_options(const std::vector<std::string>& lists);

}  // namespace fs
