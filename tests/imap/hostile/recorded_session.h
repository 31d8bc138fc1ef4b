#pragma once
/// One whole session, as a Dovecot gave its part of it (recorded_session.txt), and a client that
/// asks for just that. Main thread only.

#include "imap/session/session.h"
#include "tests/imap/hostile/replay.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tests {

const Recording& recorded_session();

/// What the client has got, and what it should never have got.
struct Received {
  std::size_t mailboxes = 0;
  std::size_t found = 0;
  std::size_t rows = 0;
  std::size_t bodies = 0;  // that came to their end, of a message that is known
  std::string octets{};    // of those
  std::size_t copied = 0;
  bool appended = false;
  std::uint32_t exists = 0;
  std::vector<std::string> violations{};

  bool operator==(const Received&) const = default;
};

struct Played {
  Received received;
  std::string error;       // of imap/base/errors.h; empty: the session came to its end
  std::string said;        // by the server, without the fault
  std::size_t memory = 0;  // octets at most, the server's among them
};

/// Plays it all. What is no error of imap/base/errors.h passes; a session that hangs ends the
/// program.
Played play(const Recording& recording, const Fault& fault = {},
            const imap::Connection::Settings& settings = {});

}  // namespace tests
