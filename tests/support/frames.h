#pragma once
/// Feeds text to the framer and the parser, in pieces of any size. Pure functions, any thread.

#include "imap/wire/framer.h"
#include "imap/wire/parse_response.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tests {

enum class Literals { keep, stream };

/// What came out of the framer.
struct Framed {
  std::vector<imap::Frame> frames;
  std::string streamed;  // the octets of all streamed literals
  bool between_responses = true;
};

/// Feeds `octets` in pieces of `piece`. Throws what the framer throws.
Framed frame_all(std::string_view octets, std::size_t piece, Literals literals = Literals::keep,
                 const imap::Limits& limits = {});
/// The same, split once at `cut`.
Framed frame_halves(std::string_view octets, std::size_t cut, Literals literals = Literals::keep,
                    const imap::Limits& limits = {});
/// Equal in text and in literals.
bool same(const std::vector<imap::Frame>& a, const std::vector<imap::Frame>& b);

/// The only frame of `line`, to which the last CRLF is added. std::runtime_error when there is
/// none or more than one.
imap::Frame frame_of(std::string_view line, Literals literals = Literals::keep,
                     const imap::Limits& limits = {});
imap::Response parse(std::string_view line, const imap::Limits& limits = {});
/// The response to `line`, which is a T; else std::bad_variant_access.
template <class T>
T parse_as(std::string_view line) {
  return std::get<T>(parse(line));
}

}  // namespace tests
