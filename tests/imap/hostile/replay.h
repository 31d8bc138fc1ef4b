#pragma once
/// A server that plays a recording from memory: it hears a line and says what was recorded for it.
/// What the client leaves out is left out; to what it was never recorded to say the answer is BAD.
/// With nothing more to say the server hangs up, so no wait ever lasts. Any one thread.

#include "imap/net/stream.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

/// What the server says when it hears a line.
struct Exchange {
  std::string command;     // `$` stands for the tag, no line ending; empty: the greeting
  std::string answer;      // octets; `$` at the beginning of a line, or in quotes, is the tag
  std::string for_ever{};  // repeated without an end from then on
};
using Recording = std::vector<Exchange>;

/// A server that needs no login, and then `exchanges`.
Recording past_login(const std::string& capabilities, const Recording& exchanges);

/// What befalls the octets of the server on their way.
struct Fault {
  enum class Kind { none, cut, replace, insert };
  Kind kind = Kind::none;
  std::size_t at = 0;  // octets before it
  std::string octets{};
};

class Replay final : public imap::Stream {
 public:
  /// `said` is given all that the server says, if there is one; it must outlive this.
  explicit Replay(Recording recording, Fault fault = {}, std::string* said = nullptr);

  std::size_t read(std::span<std::byte> into, imap::Deadline deadline) override;
  void write(std::span<const std::byte> bytes, imap::Deadline deadline) override;
  Wait wait_readable(imap::Deadline deadline, const imap::WakeFd& wake) override;
  bool ended_cleanly() const override { return true; }
  std::string description() const override { return {}; }
  bool is_encrypted() const override { return false; }

 private:
  void hear(std::string line);
  void say(std::string octets);

  const Recording recording_;
  Fault fault_;
  std::string* const all_;
  std::size_t next_ = 1;
  std::string tag_;
  std::string heard_;
  std::string waiting_;     // said and not read
  std::size_t at_ = 0;      // in waiting_
  std::size_t spoken_ = 0;  // octets, before the fault
  std::string for_ever_;
  bool ended_ = false;
};

}  // namespace tests
