#include "imap/session/session.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace imap {
namespace {

/// Of one server, and of responses taken in between two looks for work.
constexpr std::size_t kMostCapabilities = 512;
constexpr int kMostDigested = 1000;

template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Session::Session(std::unique_ptr<Stream> stream, const Connection::Settings& settings)
    : connection_(std::move(stream), settings) {}

Session::~Session() = default;

std::string Session::send(const Command& command) {
  auto tag = connection_.next_tag();
  pending_.emplace(tag, std::nullopt);
  connection_.trace_sent(fmt::format("{} {}", tag, command.redacted()));
  try {
    std::string octets = tag + ' ';
    const auto non_sync = capabilities_.non_sync_literal();
    for (const auto& part : command.parts()) {
      if (part.literal) {
        const bool sync = !non_sync || part.octets.size() > *non_sync;
        octets += fmt::format("{{{}{}}}\r\n", part.octets.size(), sync ? "" : "+");
        if (sync) {
          connection_.write(std::exchange(octets, {}));
          await_continuation(tag);
        }
      }
      octets += part.octets;
    }
    octets += "\r\n";
    connection_.write(octets);
    // The buffer may have held a password.
    const Secret wiped(std::move(octets));
  } catch (const CommandError&) {
    throw;
  } catch (...) {
    usable_ = false;
    throw;
  }
  return tag;
}

void Session::await_continuation(const std::string& tag) {
  while (true) {
    auto response = receive(nullptr, Expects::continuation);
    if (std::holds_alternative<Continuation>(response)) return;
    auto& answer = pending_.at(tag);
    if (!answer) continue;
    const auto status = *answer;
    pending_.erase(tag);
    if (status.condition == Condition::ok) {
      usable_ = false;
      throw ProtocolError("the server accepted a command before it was sent");
    }
    throw CommandError(
        status.condition == Condition::no ? CommandError::Status::no : CommandError::Status::bad,
        status.code, fmt::format("the server refused a string: {}", status.text));
  }
}

Response Session::receive(BodySink* sink, Expects expects) {
  try {
    auto response = connection_.receive(sink);
    translate_names(response);
    note(response);
    // One may be left over from a command that was refused; a second one means that the two sides
    // do not agree on what was sent.
    if (expects == Expects::answer && std::holds_alternative<Continuation>(response) &&
        ++stray_continuations_ > 1) {
      throw ProtocolError("the server asks for the rest of a command that was complete");
    }
    return response;
  } catch (...) {
    usable_ = false;
    throw;
  }
}

void Session::translate_names(Response& response) {
  if (auto* row = std::get_if<ListRow>(&response)) {
    row->name = names_.from_server(std::move(row->name));
  } else if (auto* lsub = std::get_if<LsubRow>(&response)) {
    lsub->row.name = names_.from_server(std::move(lsub->row.name));
  } else if (auto* status = std::get_if<StatusRow>(&response)) {
    status->name = names_.from_server(std::move(status->name));
  }
}

void Session::note(const Response& response) {
  if (const auto* status = std::get_if<Status>(&response)) {
    note_status(*status);
  } else if (const auto* capabilities = std::get_if<Capabilities>(&response)) {
    // One list may come in several responses.
    for (const auto& atom : capabilities->atoms()) {
      if (capabilities_.atoms().size() < kMostCapabilities) capabilities_.add(atom);
    }
  } else if (const auto* enabled = std::get_if<Enabled>(&response)) {
    // Some builds of Cyrus repeat it, even empty, during SELECT: nothing is turned off by that.
    for (const auto& name : enabled->names) {
      if (enabling_.contains(name)) enabled_.insert(name);
    }
  } else if (const auto* exists = std::get_if<Exists>(&response)) {
    if (selected_) selected_->exists = exists->count;
  } else if (std::holds_alternative<Expunge>(response)) {
    if (selected_ && selected_->exists > 0) --selected_->exists;
  } else if (const auto* vanished = std::get_if<Vanished>(&response)) {
    // Without EARLIER it stands for EXPUNGEs, and no EXISTS follows (RFC 7162 3.2.10.2).
    if (selected_ && !vanished->earlier) {
      const auto gone = std::min<std::uint64_t>(vanished->uids.size(), selected_->exists);
      selected_->exists -= static_cast<std::uint32_t>(gone);
    }
  }
}

void Session::note_status(const Status& status) {
  if (!status.tag.empty()) {
    const auto pending = pending_.find(status.tag);
    if (pending == pending_.end() || pending->second) {
      throw ProtocolError("the server answered a command that was not sent");
    }
    pending->second = status;
    throttle_.note(status);
  }
  if (status.condition == Condition::bye) {
    throw ConnectionError(fmt::format("the server said goodbye: {}", status.text));
  }
  if (status.code == "CAPABILITY") {
    capabilities_ = {};
    std::string_view atoms = status.arguments;
    while (!atoms.empty() && capabilities_.atoms().size() < kMostCapabilities) {
      const auto space = atoms.find(' ');
      capabilities_.add(atoms.substr(0, space));
      atoms.remove_prefix(space == std::string_view::npos ? atoms.size() : space + 1);
    }
  }
  if (!selected_) return;
  if (status.code == "CLOSED") {
    // What came before belongs to the mailbox that was open (RFC 7162 3.2.11).
    SelectedMailbox fresh;
    fresh.name = selected_->name;
    fresh.read_only = selected_->read_only;
    selected_ = std::move(fresh);
  } else if (status.code == "READ-ONLY" || status.code == "READ-WRITE") {
    selected_->read_only = status.code == "READ-ONLY";
  } else if (status.code == "UIDVALIDITY") {
    selected_->uid_validity.value = number_of<std::uint64_t>(status.arguments);
  } else if (status.code == "UIDNEXT") {
    selected_->uid_next.value = number_of<std::uint32_t>(status.arguments);
  } else if (status.code == "HIGHESTMODSEQ") {
    selected_->highest_modseq.value = number_of<std::uint64_t>(status.arguments);
  }
}

Status Session::outcome(const std::string& tag, const Collect& collect, BodySink* sink) {
  while (true) {
    if (auto& answer = pending_.at(tag)) {
      auto status = std::move(*answer);
      pending_.erase(tag);
      return status;
    }
    auto response = receive(sink);
    if (!collect) continue;
    try {
      collect(response);
    } catch (...) {
      // The rest of the answer is still to come and would be taken for that of the next command.
      usable_ = false;
      throw;
    }
  }
}

void Session::check(const Status& answer, std::string_view what) {
  if (answer.condition == Condition::ok) return;
  if (answer.text.find("authenticated but not connected") != std::string::npos) {
    // Exchange accepts a wrong password and refuses whatever comes next.
    usable_ = false;
    throw AuthenticationError(fmt::format("the server refused the login: {}", answer.text));
  }
  const bool no = answer.condition == Condition::no;
  throw CommandError(
      no ? CommandError::Status::no : CommandError::Status::bad, answer.code,
      fmt::format("{}: {}{}{}{} {}", what, no ? "NO" : "BAD", answer.code.empty() ? "" : " [",
                  answer.code, answer.code.empty() ? "" : "]", answer.text));
}

Status Session::finish(const std::string& tag, std::string_view what, const Collect& collect,
                       BodySink* sink) {
  auto answer = outcome(tag, collect, sink);
  check(answer, what);
  return answer;
}

Status Session::run(const Command& command, std::string_view what, const Collect& collect) {
  return finish(send(command), what, collect);
}

Stream::Wait Session::wait(Deadline deadline, const WakeFd& wake) {
  try {
    return connection_.wait(deadline, wake);
  } catch (...) {
    usable_ = false;
    throw;
  }
}

bool Session::answers(Deadline deadline) {
  const auto tag = send(Command("NOOP"));
  try {
    if (!connection_.has_input(deadline)) {
      usable_ = false;
      return false;
    }
    finish(tag, "NOOP");
  } catch (const CommandError&) {
    // A refusal is an answer.
  } catch (...) {
    usable_ = false;
    throw;
  }
  return usable_;
}

void Session::digest() {
  try {
    // A server that never stops talking must not keep its connection from a job.
    for (int i = 0; i < kMostDigested && connection_.has_input(Deadline::after({})); ++i) {
      static_cast<void>(receive(nullptr));
    }
  } catch (...) {
    usable_ = false;
    throw;
  }
}

}  // namespace imap
