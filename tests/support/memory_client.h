#pragma once
/// A session with a MemoryServer, and what is in the mailboxes there in a form that a test can
/// write down. Main thread only.

#include "imap/base/wake_fd.h"
#include "imap/session/session.h"
#include "tests/support/memory_server.h"

#include <memory>
#include <string>
#include <vector>

namespace tests {

class MemoryClient {
 public:
  explicit MemoryClient(MemoryServer& server);

  imap::Session& operator*() { return *session_; }
  imap::Session* operator->() { return session_.get(); }

 private:
  imap::WakeFd abort_;
  std::unique_ptr<imap::Session> session_;
};

/// `1 subject \Seen` for each message.
std::vector<std::string> contents(const MemoryServer& server, const std::string& mailbox);
/// A message for APPEND.
imap::NewMessage new_message(std::string octets);

}  // namespace tests
