#pragma once
/// Cuts the byte stream of a server into responses (lines with their literals) before any grammar
/// is applied, so that literal data is never taken for protocol and every limit on size stands in
/// one place. Does no I/O; owned by one connection and used by its thread only.

#include "imap/wire/frame.h"
#include "imap/wire/limits.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace imap {

class Framer {
 public:
  enum class Event {
    need_input,    // nothing to tell yet: step again, with more input if all of it is used up
    literal,       // a literal begins: `stream_literal` may be called now
    literal_data,  // `data` is the next piece of a streamed literal
    literal_end,   // the streamed literal is complete
    response,      // `take` gives the response
  };
  struct Step {
    Event event;
    std::size_t used;                 // octets of the input that are done with
    std::span<const std::byte> data;  // part of the input; only with literal_data
  };

  explicit Framer(const Limits& limits) : limits_(limits) {}

  /// Goes on with `input`, which begins where the last step stopped using it. Throws ProtocolError
  /// or LimitError when a limit is exceeded; the stream is out of step then and must be closed.
  Step step(std::span<const std::byte> input);

  /// Only right after Event::literal: the literal is handed out in pieces instead of being kept.
  void stream_literal();

  /// What there is of the response so far, which ends in `{n}` when a literal has just begun.
  const Frame& partial() const { return frame_; }
  /// Size announced for the literal that has just begun.
  std::uint64_t literal_size() const { return literal_left_; }
  /// Nothing of an unfinished response is held: the stream may end here.
  bool is_between_responses() const { return state_ == State::text && frame_.text.empty(); }

  /// Only right after Event::response; the framer then stands at the next response.
  Frame take();

 private:
  enum class State {
    text,
    after_stray_line,
    literal_begin,
    kept_literal,
    streamed_literal,
    complete
  };

  Step text(std::span<const std::byte> input);
  Step after_stray_line(std::span<const std::byte> input);
  Step literal(std::span<const std::byte> input);
  void end_of_line();
  void begin_literal(std::uint64_t size);
  void end_literal();
  std::size_t line_limit() const;

  Limits limits_;
  State state_ = State::text;
  Frame frame_;
  std::size_t line_begin_ = 0;   // where the current line begins in frame_.text
  std::size_t line_octets_ = 0;  // octets of text so far, without literals
  std::uint64_t literal_left_ = 0;
  std::size_t empty_lines_ = 0;  // since the last response
};

}  // namespace imap
