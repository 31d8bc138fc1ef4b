#pragma once
/// The bearer token of an account: fetched when a login first needs it, used for all connections
/// until the server refuses it, then fetched anew. Any thread.

#include "imap/base/secret.h"
#include "imap/base/synchronized.h"

#include <condition_variable>
#include <functional>
#include <optional>

namespace imap {

class TokenSource {
 public:
  /// `fetch` gets a token from wherever the user has them, may take its time, and throws when there
  /// is none. It is never called twice at the same time.
  explicit TokenSource(std::function<Secret()> fetch) : fetch_(std::move(fetch)) {}

  /// The token; fetched by this call, or by another one that is waited for. Throws what `fetch`
  /// threw.
  Secret token();
  /// The server refused this token: the next `token` is a new one. Nothing happens when another has
  /// been fetched meanwhile.
  void refuse(const Secret& token);

 private:
  struct State {
    std::optional<Secret> token;
    bool fetching = false;
  };

  const std::function<Secret()> fetch_;
  Synchronized<State> state_;
  std::condition_variable fetched_;
};

}  // namespace imap
