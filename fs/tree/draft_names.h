#pragma once
/// What becomes of a new file, by its name. Pure functions, any thread.

#include <string_view>

namespace fs {

enum class Fate {
  message,  // is sent when it is closed
  scratch,  // what programs keep beside the file that they write: stays on this machine
  refused,  // what desktops put into every directory: nobody wants that in a mailbox
};

Fate fate_of(std::string_view name);

}  // namespace fs
