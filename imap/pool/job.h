#pragma once
/// Work for a connection: what to run, and where it wants to run.

#include "imap/pool/ticket.h"

#include <functional>
#include <string>

namespace imap {

class Session;

enum class Lane {
  interactive,  // somebody waits at a prompt: lists, status, small things
  bulk,         // bodies and long listings
};

struct JobSpec {
  /// The mailbox that the job will open (the server's octets), or empty. A connection that has it
  /// open already is preferred.
  std::string mailbox;
  Lane lane = Lane::interactive;
};

/// Runs on a connection thread. Captures by value what it needs: whoever submitted it may have
/// left. May be run a second time on a fresh session when the first connection broke, so it must be
/// safe to repeat. Must not submit a job and wait for it.
using Job = std::function<void(Session&)>;

}  // namespace imap
