#pragma once
/// Tells a slow server from one that keeps a connection busy: an octet now and then is no silence,
/// and would hold it for ever. Only time spent waiting for the server counts, so that a slow disk
/// of ours is not held against it. A plain value without a clock of its own.

#include "imap/wire/limits.h"

#include <chrono>
#include <cstdint>

namespace imap {

class Pace {
 public:
  enum class Within { line, literal };

  explicit Pace(const Limits& limits) : limits_(limits) {}

  /// `octets` of an unfinished response came after a wait. Throws TimeoutError when a window of
  /// waiting is over and brought too little.
  void note(Within within, std::uint64_t octets, std::chrono::nanoseconds waited);
  /// The response is complete.
  void restart();

 private:
  Limits limits_;
  std::uint64_t octets_ = 0;
  std::chrono::nanoseconds waited_{};
};

}  // namespace imap
