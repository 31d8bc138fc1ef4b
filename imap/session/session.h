#pragma once
/// One logged-in conversation with the server: straight-line commands, each of which sends, waits
/// for its tagged answer and returns what came. Owned by one connection thread, which alone may
/// call it.
///
/// Every call may throw ConnectionError and its kin, LimitError or CancelledError; the session is
/// dead then (`is_usable` says so) and the caller drops it. CommandError (NO, BAD) leaves it
/// usable. UIDs only: no sequence number is ever sent.

#include "imap/session/connection.h"
#include "imap/session/endpoint.h"
#include "imap/session/inquiry.h"
#include "imap/session/list_request.h"
#include "imap/session/mailbox_names.h"
#include "imap/session/message_changes.h"
#include "imap/session/message_summary.h"
#include "imap/session/open_mailbox.h"
#include "imap/session/quirks.h"
#include "imap/session/selected_mailbox.h"
#include "imap/session/throttle.h"
#include "imap/session/updates.h"
#include "imap/wire/response_codes.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace imap {

class AskedBodies;
class SaslMechanism;
class TlsContext;

/// How a part was sent: as it stands in the message, or with its transfer encoding undone.
enum class PartForm { encoded, decoded };

class Session {
 public:
  /// Connects, secures, logs in. `tls` is needed unless the endpoint says none. Throws
  /// ResolveError, TlsError, TimeoutError, ConnectionError, or AuthenticationError when the server
  /// refuses.
  static std::unique_ptr<Session> open(const Endpoint& endpoint, const Login& login,
                                       const TlsContext* tls, const Connection::Settings& settings,
                                       const WakeFd& abort);
  /// The same on a stream that is connected, and secured as far as it will be.
  static std::unique_ptr<Session> open(std::unique_ptr<Stream> stream, const Login& login,
                                       const Connection::Settings& settings);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool is_usable() const { return usable_; }
  /// No other session of this process has or had it.
  std::uint64_t id() const { return id_; }
  /// So many commands were refused that this server will hang up soon: the owner had better replace
  /// the session before the next one.
  bool is_worn_out() const {
    return quirks_.most_refusals != 0 && refusals_ >= quirks_.most_refusals;
  }
  const Capabilities& capabilities() const { return capabilities_; }
  /// How the server needs to be treated; known after `negotiate`.
  const Quirks& quirks() const { return quirks_; }
  std::string description() const { return connection_.description(); }
  std::uint64_t received() const { return connection_.received(); }
  /// Has `react` called on the connection's thread whenever octets arrive; empty: no more.
  void on_received(std::function<void()> react) { connection_.on_received(std::move(react)); }

  // Extensions: session_extensions.cpp

  /// Introduces us unless `open` did, and turns on what makes the session better: CONDSTORE,
  /// QRESYNC, UTF-8 names, and compression if the settings want it. Once, after `open` and before
  /// any mailbox is opened. What the server refuses stays off.
  void negotiate();
  /// Whether ENABLE turned this on: only what the server listed as ENABLED is (iCloud says OK and
  /// lists nothing, MailKit#1871).
  bool is_enabled(std::string_view extension) const;
  /// Compresses both directions from here on, where offered. Whether they are compressed now.
  bool compress();

  // Mailboxes: session_mailboxes.cpp, session_list.cpp, session_select.cpp. Names are modified
  // UTF-7, whatever the server speaks.

  /// The prefix and delimiter of the user's own mailboxes. A server without NAMESPACE shows them by
  /// what it lists: where all but INBOX is below `INBOX.`, that is the prefix. Asked for once.
  Namespace personal_namespace(const std::vector<ListRow>& listed);
  /// The mailboxes that the server lists, INBOX always among them unless a prefix is given. What
  /// the server advertises and answers BAD to is asked for in smaller steps, and not again in this
  /// session.
  std::vector<ListRow> list(const ListRequest& request = {});
  /// What is in a mailbox that need not be open. Often stale for the one that is (RFC 9051 6.3.11).
  StatusRow status(const std::string& mailbox);
  /// The same of many, 25 commands ahead at most; nothing for those that the server refuses.
  std::vector<std::optional<StatusRow>> statuses(const std::vector<std::string>& mailboxes);
  /// Makes a mailbox, marked for `use` where the server offers that. Its MAILBOXID, or empty.
  std::string create_mailbox(const std::string& mailbox, std::optional<SpecialUse> use = {});
  /// Deletes a mailbox with all that is in it; refused for INBOX. It is left first if it is open.
  void delete_mailbox(const std::string& mailbox);
  /// Renames a mailbox and all below it, none of which stays open in this session; one that another
  /// session has open keeps its old name there, until it is opened again. Refused for INBOX, whose
  /// messages would move alone. Subscriptions stay with the old names (RFC 9051 6.3.6), and
  /// UIDVALIDITY may change.
  void rename_mailbox(const std::string& from, const std::string& to);
  enum class Subscription { add, remove };
  void subscribe(const std::string& mailbox, Subscription subscription);
  /// Opens a mailbox without the right to change it (EXAMINE); no message loses \Recent. A mailbox
  /// that is open already is opened again only with Refresh::yes.
  enum class Refresh { no, yes };
  /// Where QRESYNC is on, what has changed since a point that is given comes with it, as updates;
  /// new messages do not.
  const SelectedMailbox& examine(const std::string& mailbox, Refresh refresh,
                                 const std::optional<ResyncPoint>& since = {});
  /// The same with the right to change it (SELECT), if the server grants that: see `read_only`. One
  /// that is open for reading alone is opened again.
  const SelectedMailbox& select(const std::string& mailbox, Refresh refresh,
                                const std::optional<ResyncPoint>& since = {});
  /// Leaves the open mailbox, if one is, and never expunges anything: where that cannot be helped,
  /// the mailbox stays open.
  void unselect();
  const std::optional<SelectedMailbox>& selected() const { return open_.state(); }
  void noop();
  /// Whether the server begins to answer a NOOP before the deadline; the session is dead if not.
  bool answers(Deadline deadline);
  /// How long the server has asked to be left alone since this was called last. See Throttle.
  std::optional<std::chrono::milliseconds> take_pause() { return throttle_.take(); }
  /// Says goodbye without waiting for the answer.
  void logout() noexcept;

  // Messages of the open mailbox: session_search.cpp, session_summaries.cpp, session_bodies.cpp,
  // session_flags.cpp

  /// Asks several things at once: they cost one round trip together. See Inquiry.
  Findings inquire(const Inquiry& inquiry);
  /// How many UIDs one command may name here; every command that takes a set of them is split
  /// accordingly, but for the chunks of `fetch_summaries`.
  std::uint64_t most_uids() const;
  /// UIDs of all messages.
  UidSet search_all();
  /// UIDs of the newest messages, at most so many; in one short answer where PARTIAL is offered.
  UidSet search_newest(std::uint32_t count);
  /// Which of these UIDs there are.
  UidSet search(const UidSet& uids);
  /// Fetches what a listing needs, chunk after chunk with a few commands ahead; `on_chunk` gets
  /// each chunk's rows when its command has ended, in the order of `chunks`. Rows that the server
  /// leaves out are missing there; of a row that comes twice the last one counts. `on_chunk`
  /// returning false stops after what has been sent; when it throws, the session is dead.
  using OnChunk = std::function<bool(std::vector<MessageSummary>)>;
  void fetch_summaries(const std::vector<UidSet>& chunks, const OnChunk& on_chunk);
  /// Fetches whole messages without marking them as read (BODY.PEEK[]). The sink gets no UID that
  /// was not asked for.
  void fetch_bodies(const UidSet& uids, BodySink& sink);
  /// Fetches octets of one message. False: the server sent something else, which the sink has not
  /// seen, and is not asked again for ranges in this session.
  bool fetch_range(Uid uid, std::uint64_t offset, std::uint32_t count, BodySink& sink);
  /// Fetches one MIME part, `1.2`, decoded by the server where it can (BINARY).
  PartForm fetch_part(Uid uid, const std::string& section, BodySink& sink);

  /// The flags of those of these messages that have changed since, or of all where the mailbox
  /// keeps no mod-sequences or `since` is 0. Where QRESYNC is on, what vanished since is told by
  /// `take_updates`. 1:4294967295 finds more than 1:* (Cyrus forgets the newest, #6071).
  std::map<Uid, FlagUpdate> fetch_flags(const UidSet& uids, ModSeq since = {});

  // Changes of the open mailbox, for which it has to be open for writing: session_changes.cpp

  /// Adds or removes flags. With `unchanged_since` only where nothing else has changed after it:
  /// the result is what was left alone, always empty without mod-sequences, where the change is
  /// made in any case.
  UidSet store(const UidSet& uids, FlagChange change, const Flags& flags,
               std::optional<ModSeq> unchanged_since = {});
  /// The same, and what the server says that their flags are then, of those of which it does: with
  /// mod-sequences, which tell whether another session knows of something later. Also when it
  /// throws, and in any case `take_updates` tells of it, too.
  void store_aloud(const UidSet& uids, FlagChange change, const Flags& flags,
                   std::map<Uid, FlagUpdate>& told);
  bool can_expunge_by_uid() const;
  /// Removes those of the messages that are marked as deleted, and no others. UnsupportedError
  /// without UIDPLUS.
  void expunge(const UidSet& uids);
  /// Removes all that anybody has marked as deleted.
  void expunge_all_deleted();
  /// A message that is gone is passed over without a word. What takes several commands may be
  /// refused in the middle: what was copied or moved before that stays so.
  CopyResult copy(const UidSet& uids, const std::string& mailbox);
  bool can_move() const;
  /// UnsupportedError without MOVE: then it is copying, marking and expunging. After NO each
  /// message is in at least one of the mailboxes (RFC 6851 3.3).
  CopyResult move(const UidSet& uids, const std::string& mailbox);

  // New messages, in any mailbox: session_append.cpp

  /// Where the message is now, if the server says. CommandError with TOOBIG before anything is sent
  /// where it exceeds the server's limit; UnsupportedError for NUL without BINARY.
  std::optional<AppendUid> append(const std::string& mailbox, const NewMessage& message);
  /// Whether the server takes it without having said that it wants it, so that others can be sent
  /// right behind it.
  bool takes_unasked(const NewMessage& message) const;
  /// Octets of the largest of which that can be.
  std::uint64_t most_unasked() const;
  /// Told which message, where it is now if the server says, and why it was refused if it was.
  using OnAppended = std::function<void(std::size_t index, const std::optional<AppendUid>& uid,
                                        const std::exception_ptr& refused)>;
  /// Stores messages without waiting for one answer after the other; each for itself, so that one
  /// is refused alone (MULTIAPPEND takes all or none and does not say which it is). Told in their
  /// order; of those that nothing is told of when it throws, nothing is known. All must be such
  /// that the server `takes_unasked`.
  void append_all(const std::string& mailbox, const std::vector<NewMessage>& messages,
                  const OnAppended& on_appended);
  bool can_replace() const;
  /// Puts the message in the place of one of the open mailbox, in one step (RFC 8508).
  /// UnsupportedError without REPLACE.
  std::optional<AppendUid> replace(Uid old, const std::string& mailbox, const NewMessage& message);

  // Being told: session_idle.cpp, session_updates.cpp

  /// The server offers IDLE and has not refused it in this session.
  bool can_idle() const;
  /// Enters IDLE; UnsupportedError without it. The server may leave it at any time. The deadlines
  /// are the caller's: many servers and routers give up after ten minutes. A message that came just
  /// before may not be told again: compare EXISTS afterwards (rust-imap#263).
  void idle();
  /// The server still tells what happens.
  bool is_idling() const;
  /// Leaves IDLE and takes in what came; does nothing outside of it. Any command leaves it by
  /// itself and does not wait: it stands right behind DONE, and the answer to IDLE is taken in when
  /// it comes.
  void end_idle();
  /// Has the server tell of all mailboxes of the user from here on (RFC 5465); what it tells is in
  /// `take_updates`. False where it does not.
  bool notify();
  bool is_notifying() const { return notifying_; }

  /// The quota roots of a mailbox; none without QUOTA.
  std::vector<QuotaRow> quotas(const std::string& mailbox);

  /// What the server has said unasked since the last call, on whatever command.
  Updates take_updates();
  /// The same of the mailbox that is open now, alone; what else there is stays for `take_updates`.
  MailboxUpdates take_news() { return open_.take_current(); }
  /// Takes in what the server has said unasked, or a good part of it. Throws when it said BYE or
  /// hung up.
  void digest();
  /// Waits for the server to say something, for `wake`, or for the deadline.
  Stream::Wait wait(Deadline deadline, const WakeFd& wake);

 private:
  using Collect = std::function<void(Response&)>;

  Session(std::unique_ptr<Stream> stream, const Connection::Settings& settings);

  // session.cpp
  static std::uint64_t next_id();
  std::string send(const Command& command);
  /// Sends the command up to a literal of `size` octets at its end, and unless they may follow
  /// unasked (RFC 7888) waits until the server wants them. `before` stands between the two; `what`
  /// names the command in errors.
  enum class Literal { asked, unasked };
  std::string begin_literal(const Command& command, std::string_view what, std::string_view before,
                            std::uint64_t size, Literal literal);
  std::string begin(const Command& command, std::string_view more);
  /// Sends all but the end, which it returns.
  std::string write_parts(const std::string& tag, const Command& command);
  /// Waits for the tagged answer, whatever it is.
  Status outcome(const std::string& tag, const Collect& collect = {}, BodySink* sink = nullptr);
  /// Throws CommandError naming `what` unless the answer is OK.
  void check(const Status& answer, std::string_view what);
  /// Both.
  Status finish(const std::string& tag, std::string_view what, const Collect& collect = {},
                BodySink* sink = nullptr);
  Status run(const Command& command, std::string_view what, const Collect& collect = {});
  enum class Expects { answer, continuation };
  Response receive(BodySink* sink, Expects expects = Expects::answer);
  void check_heard() const;
  void await_continuation(const std::string& tag, std::string_view what = {});

  // session_idle.cpp
  void leave_idle();
  void idle_ended();

  // session_updates.cpp
  void translate_names(Response& response);
  void note(const Response& response);
  void note_status(const Status& status);
  void add_capability(std::string_view atom);
  void note_watched(const StatusRow& row);

  // session_inquiry.cpp, session_search.cpp, session_summaries.cpp, session_bodies.cpp
  /// A command about messages, given as a function because MESSAGELIMIT may have it sent again for
  /// what is left.
  struct Question {
    std::string_view what;  // names it in errors
    UidSet uids;
    std::function<Command(const UidSet&)> command;
  };
  /// Sends these with a few commands ahead of the answers. After a refusal no more are sent, and it
  /// is thrown when those that were have been answered.
  void ask(std::deque<Question> questions, const Collect& collect);
  std::deque<Question> flag_questions(const UidSet& uids, ModSeq since);
  Question summary_question(const UidSet& uids);
  std::deque<Question> search_questions(const UidSet& uids);
  std::string summary_items() const;
  Status fetch_asked(const UidSet& uids, std::string_view items, AskedBodies& asked);

  // session_changes.cpp, session_append.cpp
  CopyResult transfer(std::string_view verb, const UidSet& uids, const std::string& mailbox);
  /// Sends all of a command that brings a message; its tag.
  std::string bring(std::string_view what, Command command, const std::string& mailbox,
                    const NewMessage& message);
  std::optional<AppendUid> appended(const std::string& tag, std::string_view what);
  void check_append_limit(const std::string& mailbox, std::uint64_t size);
  void write_octets(const NewMessage& message);

  // session_authenticate.cpp
  struct Refusal;
  void authenticate(const Login& login, const Endpoint& endpoint);
  bool can_bind(const Login& login) const;
  std::optional<Refusal> log_in(LoginMethod method, const Login& login, const Endpoint& endpoint,
                                const LoginFacts& facts);
  std::optional<Refusal> log_in_by_command(const Login& login);
  std::optional<Refusal> run_mechanism(LoginMethod method, SaslMechanism& mechanism);
  std::optional<Secret> begin_exchange(const std::string& tag, LoginMethod method,
                                       SaslMechanism& mechanism);
  void converse(const std::string& tag, SaslMechanism& mechanism);
  void say(const Secret& message);
  void cancel_exchange();

  // session_list.cpp, session_mailboxes.cpp
  enum class ListStage { everything, basic_status, least, plain };
  std::string list_options(const ListRequest& request, ListStage stage) const;
  std::string status_items(bool all) const;
  Command status_command(const std::string& mailbox) const;
  std::vector<ListRow> list_in_stages(const ListRequest& request);
  std::vector<ListRow> list_once(const std::string& prefix, const std::string& options);
  void mark_special_uses(std::vector<ListRow>& rows, const std::string& prefix);
  void mark_subscriptions(std::vector<ListRow>& rows, const std::string& prefix);
  void add_statuses(std::vector<ListRow>& rows);

  // session_extensions.cpp, session_select.cpp
  // Tags of what was sent; empty where there is nothing to ask for.
  std::string send_enable();
  void finish_enable(const std::string& tag);
  std::string send_compress();
  void finish_compress(const std::string& tag);
  const SelectedMailbox& open_mailbox(std::string_view verb, const std::string& mailbox,
                                      const std::optional<ResyncPoint>& since);
  void note_left();
  void add_parameters(Command& command, const std::optional<ResyncPoint>& since) const;

  // session_mailboxes.cpp
  void finish_namespace(const std::string& tag);

  // session_login.cpp
  void greet();
  void start_tls(const Endpoint& endpoint, const TlsContext& tls, Deadline deadline,
                 const WakeFd& abort);
  void refresh_capabilities();
  std::string send_introduction();
  void finish_introduction(const std::string& tag);
  void introduce();

  Connection connection_;
  Capabilities capabilities_;
  OpenMailbox open_;
  Quirks quirks_;
  std::string greeting_;
  std::string server_id_;
  MailboxNames names_;
  std::optional<Namespace> namespace_;           // personal, once known
  std::set<std::string, std::less<>> enabling_;  // asked for, upper case
  std::set<std::string, std::less<>> enabled_;
  bool compressed_ = false;
  // What the server turned out not to take although it offers it:
  ListStage list_stage_ = ListStage::everything;
  bool rich_status_ = true;
  bool partial_works_ = true;
  bool idle_works_ = true;
  std::unordered_map<std::string, std::optional<std::uint64_t>> append_limits_;
  Updates updates_;  // what came unasked, but for that of the open mailbox
  bool asking_mailboxes_ = false;
  bool notifying_ = false;
  std::string idle_tag_;     // empty: not idling
  std::string ending_idle_;  // DONE was sent, and the answer is still to come
  bool said_done_ = false;
  std::unordered_map<std::string, std::optional<Status>> pending_;  // tags sent and not collected
  Throttle throttle_;
  int stray_continuations_ = 0;
  bool capabilities_hold_ = false;  // a login brought them with its OK
  bool introduced_ = false;         // or there is no need
  bool preauthenticated_ = false;
  const std::uint64_t id_ = next_id();
  bool usable_ = true;
  unsigned refusals_ = 0;  // tagged NO and BAD
};

}  // namespace imap
