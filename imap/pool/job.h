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

/// Whether a job that the connection broke, or that the server put off, runs again from its
/// beginning. Never: what copies or appends messages; it would do so twice when only the answer was
/// lost. Whoever submitted it looks first at what has come of it.
enum class Repeat { yes, never };

struct JobSpec {
  /// The mailbox that the job will open (the server's octets), or empty. A connection that has it
  /// open already is preferred.
  std::string mailbox{};
  Lane lane = Lane::interactive;
  Repeat repeat = Repeat::yes;
  /// What the job does, for people: `list folders`. May be empty.
  std::string what{};
};

/// Runs on a connection thread. Captures by value what it needs: whoever submitted it may have
/// left. Must be safe to repeat, unless its spec says Repeat::never. Must not submit a job and wait
/// for it.
using Job = std::function<void(Session&)>;

}  // namespace imap
