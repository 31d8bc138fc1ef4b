#pragma once
/// What can go wrong in the cache, one type for each thing that a caller can do about it. The cache
/// is a copy of what the server has, so none of these is ever a reason to fail a user's read.

#include <sys/types.h>

#include <stdexcept>
#include <string>

namespace cache {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What was stored is not what this program stores: treat it as not cached. The store notes it and
/// starts empty at the next open.
class CorruptError : public Error {
 public:
  using Error::Error;
};

/// The write did not fit, even after bodies were evicted: disk, quota or map is full, or the disk
/// refuses to write. What was committed before is unharmed.
class FullError : public Error {
 public:
  enum class Of { map, disk };

  explicit FullError(const std::string& what, Of of = Of::map) : Error(what), of_(of) {}

  Of of() const { return of_; }

 private:
  Of of_;
};

/// Another process uses the cache directory; `what` says which, as far as it has said so itself.
class LockedError : public Error {
 public:
  /// `holder` is 0 when the other process has not said yet who it is.
  LockedError(const std::string& what, pid_t holder) : Error(what), holder_(holder) {}

  pid_t holder() const { return holder_; }

 private:
  pid_t holder_;
};

}  // namespace cache
