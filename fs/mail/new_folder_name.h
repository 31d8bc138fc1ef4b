#pragma once
/// What a folder that somebody makes, or gives another name, is called at the server. Pure
/// functions, any thread.

#include "fs/mail/folder_tree.h"

#include <string>
#include <string_view>

namespace fs {

/// The server's name for an entry below `parent`. Throws ChangeRefusedError, with the reason for
/// people, for what is no folder's entry (see folder_names.h), what the server could not keep apart
/// from other levels, and what programs make for themselves or the mount uses. Text is composed
/// (NFC), as everybody else types it.
std::string new_wire_name(const Folder& parent, const Hierarchy& hierarchy, std::string_view entry);

/// Whether Gmail would refuse the last level of a name: spaces at its ends, or two together.
bool has_excess_space(std::string_view wire_name);

}  // namespace fs
