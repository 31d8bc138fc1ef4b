#pragma once
/// The protocol trace (`--trace`): one line for each command and response, for bug reports. What it
/// gets is redacted already by whoever built it: secrets, literals and header text never reach it.
/// One trace serves every connection; any thread may write.

#include "imap/base/synchronized.h"

#include <cstdio>
#include <memory>
#include <string_view>

namespace imap {

class Trace {
 public:
  /// No trace: every line is dropped.
  Trace() = default;
  /// Takes over `file` and closes it at the end.
  explicit Trace(std::FILE* file);

  bool is_on() const { return on_; }
  /// `connection` is the number of the connection; `direction` is `C` or `S`.
  void line(unsigned connection, char direction, std::string_view redacted) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  bool on_ = false;
  mutable Synchronized<std::unique_ptr<std::FILE, Close>> file_;
};

}  // namespace imap
