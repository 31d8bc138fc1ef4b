#pragma once
/// What the server has refused to do although the user was told that it would be done: for the log,
/// for the status, and for the next barrier to fail with. Part of MailStore; any thread.

#include "fs/mail/account_status.h"
#include "imap/base/synchronized.h"

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace fs {

class Refusals {
 public:
  /// So many are remembered, the last ones.
  static constexpr std::size_t kMost = 100;

  /// `tell` gets words for people, on any thread; must not throw.
  explicit Refusals(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}

  /// Some that have one reason, at least one. Their `time` and `reason` are filled in.
  void add(std::vector<Refusal> some, const std::exception_ptr& error);
  /// The first since this was asked the last time; null: none.
  std::exception_ptr take_first();
  std::vector<Refusal> all() const;

 private:
  struct State {
    std::deque<Refusal> last;
    std::exception_ptr first;
  };

  const std::function<void(const std::string&)> tell_;
  imap::Synchronized<State> state_;
};

}  // namespace fs
