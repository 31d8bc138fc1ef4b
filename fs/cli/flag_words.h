#pragma once
/// The words of `imapfs flag` that say what to change: they begin with a dash or a plus, which to a
/// parser of options would be options. Pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace fs {

/// Takes the changes (`+seen`, `-work`) out of the arguments, up to a `--`, and returns them as the
/// attribute user.imap.flags takes them: `+\Seen`, `-work`. Options (`--help`, `-h`) stay.
std::vector<std::string> take_flag_changes(std::vector<std::string>& arguments);

}  // namespace fs
