#pragma once
/// Bad usage of the command line: one clear line for the user, exit code 2. The line never repeats
/// SOURCE or the value of an option that may hold a secret.

#include <stdexcept>

namespace fs {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fs
