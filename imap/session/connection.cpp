#include "imap/session/connection.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/net/deflate_stream.h"
#include "imap/wire/parse_response.h"
#include "imap/wire/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace imap {
namespace {

constexpr std::size_t kBufferSize = std::size_t{256} << 10;

/// Letters that no message can guess, so that text in a body never passes for a tagged answer even
/// if a server lies about the length of a literal (curl/curl#22865).
std::string random_prefix() {
  std::random_device random;
  std::string prefix;
  for (int i = 0; i < 3; ++i) prefix += static_cast<char>('A' + random() % 26);
  return prefix;
}

bool ends_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

/// The beginning of a FETCH row, up to the items; empty for every other response. A row that is
/// long before its first literal has its UID at the beginning or not at all.
std::string_view begin_of_row(std::string_view text) {
  constexpr std::size_t kLongest = 1024;
  const auto line = text.substr(0, std::min(text.find('\n'), kLongest));
  const auto open = line.find('(');
  if (!line.starts_with('*') || open == std::string_view::npos) return {};
  auto kind = line.substr(0, open);
  while (kind.ends_with(' ')) kind.remove_suffix(1);
  const bool is_row = ends_ignoring_case(kind, " FETCH") || ends_ignoring_case(kind, " UIDFETCH");
  return is_row ? line : std::string_view();
}

/// The name of the item whose literal begins at the end of `text`, and what precedes it; empty
/// outside of FETCH rows.
std::string_view announced_item(std::string_view text) {
  if (begin_of_row(text).empty()) return {};
  auto item = text.substr(0, text.rfind('{'));
  while (item.ends_with(' ') || item.ends_with('~')) item.remove_suffix(1);
  return item;
}

std::optional<Uid> leading_uid(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc{} || uid == 0) return std::nullopt;
  return Uid{uid};
}

/// The UID in a row that is not complete yet, if it came before the body.
std::optional<Uid> uid_so_far(std::string_view text) {
  const auto line = to_upper(begin_of_row(text));
  if (line.substr(0, line.find('(')).find(" UIDFETCH") != std::string::npos) {
    return leading_uid(std::string_view(line).substr(1));
  }
  for (const auto* key : {"(UID ", " UID "}) {
    const auto at = line.find(key);
    if (at == std::string::npos) continue;
    if (const auto uid = leading_uid(std::string_view(line).substr(at + 5))) return uid;
  }
  return std::nullopt;
}

bool is_for(BodySink& sink, std::string_view text) {
  const auto item = announced_item(text);
  return !item.empty() && sink.takes(item);
}

}  // namespace

bool BodySink::takes(std::string_view item) {
  return std::ranges::any_of(
      std::array{"BODY[]", "BODY[]<0>", " RFC822", "(RFC822", "BINARY[]"},
      [item](std::string_view name) { return ends_ignoring_case(item, name); });
}

Connection::Connection(std::unique_ptr<Stream> stream, const Settings& settings)
    : stream_(std::move(stream)),
      settings_(settings),
      framer_(settings.limits),
      buffer_(kBufferSize),
      tag_prefix_(random_prefix()),
      pace_(settings.limits) {}

void Connection::fill() {
  const auto begun = Deadline::Clock::now();
  const auto got = stream_->read(buffer_, Deadline::after(settings_.timeout));
  if (got == 0) throw ConnectionError("the server closed the connection");
  pace_.note(framer_.partial().literals.empty() ? Pace::Within::line : Pace::Within::literal, got,
             Deadline::Clock::now() - begun);
  received_ += got;
  if (settings_.progress != nullptr) settings_.progress->touch();
  if (on_received_) on_received_();
  input_ = std::span<const std::byte>(buffer_).first(got);
}

bool Connection::has_input(Deadline deadline) {
  return !input_.empty() || stream_->wait_readable(deadline, never_) == Stream::Wait::readable;
}

Stream::Wait Connection::wait(Deadline deadline, const WakeFd& wake) {
  if (!input_.empty()) return Stream::Wait::readable;
  return stream_->wait_readable(deadline, wake);
}

Response Connection::receive(BodySink* sink) {
  while (true) {
    const auto step = framer_.step(input_);
    input_ = input_.subspan(step.used);
    switch (step.event) {
      case Framer::Event::need_input:
        if (input_.empty()) fill();
        break;
      case Framer::Event::literal:
        if (sink != nullptr && is_for(*sink, framer_.partial().text)) {
          framer_.stream_literal();
          sink->begin(uid_so_far(framer_.partial().text), framer_.literal_size());
        }
        break;
      case Framer::Event::literal_data:
        sink->data(step.data);
        break;
      case Framer::Event::literal_end:
        break;
      case Framer::Event::response: {
        const auto frame = framer_.take();
        pace_.restart();
        ++heard_.responses;
        heard_.octets += frame.text.size();
        trace_received(frame);
        auto response = parse(frame);
        const auto* status = std::get_if<Status>(&response);
        if (status != nullptr && !status->tag.empty()) heard_ = {};
        if (frame.has_streamed()) {
          const auto* row = std::get_if<FetchRow>(&response);
          sink->end(row == nullptr ? std::nullopt : row->uid);
        }
        return response;
      }
    }
  }
}

Response Connection::parse(const Frame& frame) {
  try {
    return parse_response(frame, settings_.limits);
  } catch (const ProtocolError& error) {
    // The framer has found the end of this response, so dropping it harms nothing else.
    if (++malformed_ > settings_.limits.malformed) throw;
    if (settings_.trace != nullptr) {
      settings_.trace->line(settings_.number, '!', fmt::format("dropped: {}", error.what()));
    }
    return Ignored{};
  }
}

void Connection::trace_received(const Frame& frame) const {
  if (settings_.trace == nullptr || !settings_.trace->is_on()) return;
  if (hide_challenges_ && frame.text.starts_with('+')) {
    settings_.trace->line(settings_.number, 'S', "+ ***");
  } else {
    settings_.trace->line(settings_.number, 'S', redacted(frame));
  }
}

void Connection::trace_sent(std::string_view redacted) const {
  if (settings_.trace != nullptr) settings_.trace->line(settings_.number, 'C', redacted);
}

void Connection::compress() {
  stream_ = std::make_unique<DeflateStream>(std::move(stream_), std::exchange(input_, {}));
}

std::string Connection::next_tag() {
  heard_ = {};
  return fmt::format("{}{}", tag_prefix_, ++last_tag_);
}

void Connection::write(std::string_view octets) {
  stream_->write(std::as_bytes(std::span(octets)), Deadline::after(settings_.timeout));
}

}  // namespace imap
