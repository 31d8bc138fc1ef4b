#pragma once
/// Which imapfs this is.

#include <string>

namespace fs {

/// Such as `0.1.0`.
std::string version_number();

/// What `imapfs --version` prints: `imapfs` and the version in the first line, then the libraries
/// that it was built with. Ends with a newline.
std::string version_text();

}  // namespace fs
