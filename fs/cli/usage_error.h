#pragma once
/// Bad usage of the command line: one clear line for the user, exit code 2. The line never repeats
/// SOURCE or the value of an option that may hold a secret.

#include <stdexcept>
#include <string>
#include <string_view>

namespace fs {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A word of the command line for a message: in quotes and safe to print, or `(not shown)` when it
/// looks like a SOURCE in the wrong place, which may hold a password.
std::string shown_word(std::string_view word);

}  // namespace fs
