#pragma once
/// One connection of a MemoryServer, served by a thread of its own: reads commands, looks each up
/// in a table, and answers. Sequence numbers are those that this client has been told of: what
/// other clients add, expunge or flag is announced at the end of NOOP, of the UID commands, and of
/// those that change something.

#include "imap/base/uid_set.h"
#include "imap/base/unique_fd.h"
#include "tests/support/received_command.h"
#include "tests/support/server_state.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tests {

class ServerConnection {
 public:
  ServerConnection(ServerState& state, imap::UniqueFd socket);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Any thread: the client finds the connection closed.
  void shut() const;

 private:
  /// The client or the server has ended the connection.
  struct Ended {};
  enum class Needs { nothing, login, mailbox };
  /// Appends untagged responses to `out_` and returns what follows the tag.
  using Handler = std::string (ServerConnection::*)(const ReceivedCommand&);
  struct Entry {
    std::string_view name;
    Needs needs;
    Handler handler;
  };
  struct OpenMailbox {
    std::string name;
    std::uint64_t uid_validity = 0;
    std::vector<imap::Uid> known;  // by sequence number
    bool is_read_only = true;
    std::uint64_t told = 0;  // flags that were changed later are news
  };
  struct Received {
    ReceivedCommand command;
    Plan plan;
  };

  // server_connection.cpp
  void serve();
  void answer(const Received& received);
  std::string run(const ReceivedCommand& command);
  Received read_command();
  std::string read_message(std::size_t size, const Plan& plan);
  std::string read_line();
  std::string read_octets(std::size_t count);
  void fill();
  void send_all(std::string_view octets) const;
  void transmit(const Plan& plan);
  /// Tells of what other clients have done to the open mailbox.
  void announce();
  void announce(ServerData& server);
  void say_flags(const ServerData& server, std::size_t sequence_number,
                 const StoredMessage& message);
  /// The open mailbox, if it is still the one that was opened.
  StoredMailbox& opened(ServerData& server) const;

  // server_commands.cpp
  static std::string delimiter_text(const Profile& profile);
  static std::string status_of(const Profile& profile, const StoredMailbox& mailbox);
  static const std::vector<Entry>& table();
  std::string capability(const ReceivedCommand& command);
  std::string login(const ReceivedCommand& command);
  std::string authenticate(const ReceivedCommand& command);
  std::string id(const ReceivedCommand& command);
  std::string name_space(const ReceivedCommand& command);
  std::string list(const ReceivedCommand& command);
  std::string examine(const ReceivedCommand& command);
  std::string noop(const ReceivedCommand& command);
  std::string logout(const ReceivedCommand& command);

  // server_folders.cpp
  std::string create(const ReceivedCommand& command);
  std::string remove(const ReceivedCommand& command);
  std::string rename(const ReceivedCommand& command);
  std::string subscribe(const ReceivedCommand& command);
  std::string lsub(const ReceivedCommand& command);
  std::string status(const ReceivedCommand& command);

  // server_messages.cpp
  std::string uid_search(const ReceivedCommand& command);
  std::string uid_fetch(const ReceivedCommand& command);
  /// A set of UIDs with `*` in it, perhaps.
  std::optional<imap::UidSet> uids_in(std::string text) const;
  bool leaves_out(ServerData& server, const std::string& line, imap::Uid uid) const;

  // server_resync.cpp
  std::string enable(const ReceivedCommand& command);
  /// What has changed in the mailbox just opened since the point that `(QRESYNC (...))` names.
  void resync(const ServerData& server, const StoredMailbox& mailbox, const std::string& parameter);
  void say_vanished_earlier(const imap::UidSet& uids);

  // server_changes.cpp
  std::string uid_store(const ReceivedCommand& command);
  std::string expunge(const ReceivedCommand& command);
  std::string uid_expunge(const ReceivedCommand& command);
  std::string uid_copy(const ReceivedCommand& command);
  std::string uid_move(const ReceivedCommand& command);
  std::string append(const ReceivedCommand& command);
  std::string uid_replace(const ReceivedCommand& command);
  std::string close(const ReceivedCommand& command);
  std::string unselect(const ReceivedCommand& command);
  /// Copies the messages to another mailbox; what COPYUID says of it, if anything.
  std::string copy_to(ServerData& server, StoredMailbox& target, const imap::UidSet& uids);

  ServerState& state_;
  const imap::UniqueFd socket_;
  std::string input_;
  std::string out_;
  std::optional<OpenMailbox> open_;
  bool logged_in_ = false;
  bool says_vanished_ = false;  // QRESYNC is on
  bool ended_ = false;
  std::thread thread_;  // last: it uses the above
};

}  // namespace tests
