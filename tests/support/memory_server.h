#pragma once
/// An IMAP server in this process, for tests of what stands on a session: a small account in
/// memory, connections over socket pairs, and switches with which a test decides when and how it
/// answers. The account can be changed at any time, as another client would change it. Nothing in
/// it depends on time. Any thread.
///
/// Commands are chosen by text that occurs in them (`EXAMINE "Archive"`, `BODY.PEEK[]`).

#include "imap/base/wake_fd.h"
#include "imap/net/stream.h"
#include "tests/support/mail.h"
#include "tests/support/server_connection.h"
#include "tests/support/server_state.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

/// Replies that are held back for as long as this lives, or until `release`.
class Hold {
 public:
  Hold(ServerState& state, std::shared_ptr<HeldReply> reply)
      : state_(&state), reply_(std::move(reply)) {}
  ~Hold() { release(); }
  Hold(Hold&&) = default;
  Hold& operator=(Hold&&) = delete;

  void release();
  /// Waits until a connection has come to this point; false after ten seconds.
  bool wait_reached(std::size_t connections = 1);

 private:
  ServerState* state_;
  std::shared_ptr<HeldReply> reply_;
};

class MemoryServer {
 public:
  static constexpr std::size_t kAlways = static_cast<std::size_t>(-1);

  explicit MemoryServer(std::vector<Box> boxes, Profile profile = {});
  ~MemoryServer();
  MemoryServer(const MemoryServer&) = delete;
  MemoryServer& operator=(const MemoryServer&) = delete;

  /// The client's end of a new connection. Throws imap::ConnectionError while refusing. The user is
  /// `alice`, the password `secret`.
  std::unique_ptr<imap::Stream> connect(const imap::WakeFd& abort);

  // What another client does

  imap::Uid append(const std::string& mailbox, Mail mail);
  void expunge(const std::string& mailbox, imap::Uid uid);
  void create(Box box);
  void remove(const std::string& mailbox);
  void rename(const std::string& from, const std::string& to);
  void set_flags(const std::string& mailbox, imap::Uid uid, std::string flags);
  /// Whether SELECT opens it for reading alone.
  void set_read_only(const std::string& mailbox, bool is_read_only);
  void set_object_id(const std::string& mailbox, const std::string& id);
  /// The same mail under another UIDVALIDITY, its UIDs from 1 up.
  void renew(const std::string& mailbox, std::uint64_t uid_validity);
  void set_uid_next(const std::string& mailbox, std::uint32_t uid_next);

  // What the client has done

  /// What is in a mailbox now.
  std::vector<StoredMessage> messages(const std::string& mailbox) const;
  std::vector<std::string> log() const;
  std::size_t count(std::string_view command) const;
  void forget_log();
  /// Waits until that many such commands have come since the log was forgotten; false after ten
  /// seconds.
  bool wait_for(std::string_view command, std::size_t times = 1);

  // Misbehaviour

  /// Holds back the answers to these commands: after `skip` others, after so many octets of each.
  Hold hold(std::string command, std::size_t skip = 0, std::size_t after = 0);
  /// Closes the connection once, after so many octets of the answer to a command, which has been
  /// carried out.
  void cut(std::string command, std::size_t after, std::size_t skip = 0);
  /// The same when the command has come, which is not carried out.
  void cut_unheard(std::string command, std::size_t skip = 0);
  /// The same within the message that APPEND brings, after so many octets of it.
  void cut_message(std::string command, std::size_t after, std::size_t skip = 0);
  /// APPEND is refused before it has sent its message, unless it does not ask.
  void refuse(std::string command, std::string answer, std::size_t times = kAlways,
              std::size_t skip = 0);
  /// Refuses APPEND when it has sent its message.
  void refuse_message(std::string command, std::string answer, std::size_t times = kAlways);
  /// Leaves a message out of the answers to such FETCH commands.
  void leave_out(std::string command, std::string mailbox, imap::Uid uid,
                 std::size_t times = kAlways);
  void refuse_connections(bool refuse);
  void drop_connections();
  void misbehave(const std::function<void(Faults&)>& change);
  void behave() {
    misbehave([](Faults& faults) { faults = {}; });
  }

 private:
  ServerState state_;
  imap::Synchronized<std::vector<std::unique_ptr<ServerConnection>>> connections_;
};

}  // namespace tests
