#include "imap/session/session.h"

#include "imap/base/errors.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

namespace imap {
namespace {

/// Responses taken in between two looks for work.
constexpr int kMostDigested = 1000;

}  // namespace

Session::Session(std::unique_ptr<Stream> stream, const Connection::Settings& settings)
    : connection_(std::move(stream), settings), open_(connection_.settings().limits) {}

Session::~Session() = default;

std::uint64_t Session::next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::string Session::send(const Command& command) {
  auto tag = begin(command, "");
  try {
    // Wiped behind it: it may hold a password.
    const Secret line(write_parts(tag, command) + "\r\n");
    connection_.write(line.reveal());
  } catch (const CommandError&) {
    throw;
  } catch (...) {
    usable_ = false;
    throw;
  }
  return tag;
}

std::string Session::begin_literal(const Command& command, std::string_view what,
                                   std::string_view before, std::uint64_t size, Literal literal) {
  auto tag = begin(command, fmt::format("{}{{{} octets}}", before, size));
  try {
    const bool unasked = literal == Literal::unasked;
    connection_.write(fmt::format("{}{}{{{}{}}}\r\n", write_parts(tag, command), before, size,
                                  unasked ? "+" : ""));
    if (!unasked) await_continuation(tag, what);
  } catch (const CommandError&) {
    throw;
  } catch (...) {
    usable_ = false;
    throw;
  }
  return tag;
}

std::string Session::begin(const Command& command, std::string_view more) {
  leave_idle();
  auto tag = connection_.next_tag();
  pending_.emplace(tag, std::nullopt);
  connection_.trace_sent(fmt::format("{} {}{}", tag, command.redacted(), more));
  return tag;
}

std::string Session::write_parts(const std::string& tag, const Command& command) {
  std::string octets = tag + ' ';
  const auto non_sync = capabilities_.non_sync_literal();
  for (const auto& part : command.parts()) {
    if (part.literal) {
      const bool sync = !non_sync || part.octets.size() > *non_sync;
      octets += fmt::format("{{{}{}}}\r\n", part.octets.size(), sync ? "" : "+");
      if (sync) {
        connection_.write(std::exchange(octets, {}));
        await_continuation(tag, {});
      }
    }
    octets += part.octets;
  }
  return octets;
}

void Session::await_continuation(const std::string& tag, std::string_view what) {
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
    check(status, what.empty() ? "the server refused a string" : what);
  }
}

Response Session::receive(BodySink* sink, Expects expects) {
  try {
    auto response = connection_.receive(sink);
    check_heard();
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

void Session::check_heard() const {
  const auto& limits = connection_.settings().limits;
  const auto& heard = connection_.heard();
  // NOTIFY is a question that stays open.
  const auto most = pending_.empty() && !notifying_ ? limits.unasked : limits.responses;
  if (heard.responses > most) {
    throw ProtocolError(fmt::format("the server said more than {} things at a time", most));
  }
  if (heard.octets > limits.answer) {
    throw ProtocolError(fmt::format("answer of more than {} octets", limits.answer));
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
  auto code = answer.code;
  if (no && code.empty() && quirks_.code_of != nullptr) code = quirks_.code_of(answer.text);
  throw CommandError(
      no ? CommandError::Status::no : CommandError::Status::bad, std::move(code),
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
    // What had been on its way before proves nothing.
    while (!pending_.at(tag)) {
      if (!connection_.has_input(deadline)) {
        usable_ = false;
        return false;
      }
      static_cast<void>(receive(nullptr));
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
