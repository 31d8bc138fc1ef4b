#pragma once
/// Commands out, responses in, over one stream: framing, tags, deadlines and the trace. Knows
/// nothing of what the commands mean. Owned by one Session and used by its thread only.

#include "imap/base/deadline.h"
#include "imap/base/progress.h"
#include "imap/base/trace.h"
#include "imap/base/wake_fd.h"
#include "imap/net/stream.h"
#include "imap/session/pace.h"
#include "imap/wire/capabilities.h"
#include "imap/wire/command.h"
#include "imap/wire/framer.h"
#include "imap/wire/response.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace imap {

/// Takes the bodies of messages while they arrive. Called by the connection's thread; what it
/// throws ends the connection, because the rest of the body would be read as protocol.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Whether the literal that begins is meant for it; `item` ends with the name of the FETCH item,
  /// such as `BODY[]`. By default bodies of whole messages are.
  virtual bool takes(std::string_view item);
  /// A body begins. `uid` is known when the server sent it ahead of the body.
  virtual void begin(std::optional<Uid> uid, std::uint64_t size) = 0;
  virtual void data(std::span<const std::byte> piece) = 0;
  /// The row is complete: the body that began last is that of `uid`, or of no message that is
  /// known.
  virtual void end(std::optional<Uid> uid) = 0;
};

class Connection {
 public:
  struct Settings {
    /// Longest silence of the server while an answer is due; every octet starts it anew.
    std::chrono::milliseconds timeout{30'000};
    Limits limits;
    /// Must outlive the connection.
    const Trace* trace = nullptr;
    /// Told whenever octets arrive, if given. Must outlive the connection.
    Progress* progress = nullptr;
    /// Number in trace and log.
    unsigned number = 0;
    /// Whether compression is asked for. Listings shrink to a third or a fifth; bodies in base64
    /// hardly do, so connections that bring them are better off without.
    bool compress = false;
  };

  Connection(std::unique_ptr<Stream> stream, const Settings& settings);

  /// Waits for the next response. While a body arrives it goes to `sink`, if there is one. A
  /// response that makes no sense is dropped and returned as Ignored; after a few of them the
  /// connection is given up. Throws ConnectionError (closed, timed out, out of step), LimitError,
  /// CancelledError: the connection is unusable then.
  Response receive(BodySink* sink);
  /// Whether `receive` finds at least the beginning of a response, at the latest at the deadline.
  bool has_input(Deadline deadline);
  /// Waits until the server says something, `wake` is signalled or the deadline passes.
  Stream::Wait wait(Deadline deadline, const WakeFd& wake);

  std::string next_tag();
  /// Writes octets as they are.
  void write(std::string_view octets);
  /// Writes one line to the trace: what was sent, redacted by the caller.
  void trace_sent(std::string_view redacted) const;
  /// From here on continuations are hidden in the trace: they hold SASL challenges.
  void hide_challenges(bool hide) { hide_challenges_ = hide; }

  bool is_encrypted() const { return stream_->is_encrypted(); }
  std::string description() const { return stream_->description(); }
  std::optional<ChannelBinding> channel_binding() const { return stream_->channel_binding(); }
  /// Octets received that no response has used yet: anything here when TLS begins was injected.
  bool has_buffered_input() const { return !input_.empty() || !framer_.is_between_responses(); }
  /// For STARTTLS: hands the stream out and takes its encrypted successor.
  std::unique_ptr<Stream> release_stream() { return std::move(stream_); }
  void adopt_stream(std::unique_ptr<Stream> stream) { stream_ = std::move(stream); }

  /// From here on both sides compress: right after COMPRESS was accepted, with nothing else sent.
  /// Input that is read already is compressed.
  void compress();

  /// What has been received since a tag was last given out or answered, bodies aside.
  struct Heard {
    std::uint64_t responses = 0;
    std::uint64_t octets = 0;
  };
  const Heard& heard() const { return heard_; }

  const Settings& settings() const { return settings_; }
  /// Octets received so far; for progress.
  std::uint64_t received() const { return received_; }
  /// Has `react` called whenever octets arrive; empty: no more.
  void on_received(std::function<void()> react) { on_received_ = std::move(react); }

 private:
  void fill();
  Response parse(const Frame& frame);
  void trace_received(const Frame& frame) const;

  std::unique_ptr<Stream> stream_;
  const Settings settings_;
  Framer framer_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> input_;  // the part of buffer_ that is unread
  std::string tag_prefix_;
  const WakeFd never_;
  std::uint32_t last_tag_ = 0;
  std::uint64_t received_ = 0;
  std::function<void()> on_received_;
  Pace pace_;
  Heard heard_;
  int malformed_ = 0;
  bool hide_challenges_ = false;
};

}  // namespace imap
