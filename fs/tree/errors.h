#pragma once
/// Refusals of the file system itself, such as the name of an attribute that there is not.

#include <stdexcept>
#include <string>

namespace fs {

class TreeError : public std::runtime_error {
 public:
  TreeError(int number, const std::string& what) : std::runtime_error(what), number_(number) {}
  /// The errno.
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace fs
