#pragma once
/// Hears when a server asks to be left alone for a while. Owned by a session, used by its thread.

#include "imap/wire/response.h"

#include <chrono>
#include <optional>

namespace imap {

class Throttle {
 public:
  /// Looks at a tagged status after login.
  ///
  /// Exchange Online refuses and says how long: `BAD Request is throttled. Suggested Backoff Time:
  /// 92415 milliseconds`; five minutes at most are believed. Gmail goes on and appends
  /// `[THROTTLED]` to its OK, Yahoo refuses with `NO [LIMIT] ... Rate limit hit`: 50 ms, doubling
  /// with each to 16 seconds, until a command ends without.
  void note(const Status& status);
  /// The pause that was asked for since this was called last.
  std::optional<std::chrono::milliseconds> take();

 private:
  std::chrono::milliseconds step_{0};
  std::optional<std::chrono::milliseconds> pause_;
};

}  // namespace imap
