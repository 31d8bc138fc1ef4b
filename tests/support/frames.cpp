#include "tests/support/frames.h"

#include <algorithm>
#include <span>
#include <stdexcept>

namespace tests {
namespace {

void feed(imap::Framer& framer, std::string_view piece, Literals literals, Framed& out) {
  using Event = imap::Framer::Event;
  auto input = std::as_bytes(std::span(piece));
  while (true) {
    const auto step = framer.step(input);
    input = input.subspan(step.used);
    if (step.event == Event::response) out.frames.push_back(framer.take());
    if (step.event == Event::literal && literals == Literals::stream) framer.stream_literal();
    if (step.event == Event::literal_data) {
      out.streamed.append(reinterpret_cast<const char*>(step.data.data()), step.data.size());
    }
    if (step.event == Event::need_input && step.used == 0 && input.empty()) break;
  }
  out.between_responses = framer.is_between_responses();
}

}  // namespace

Framed frame_all(std::string_view octets, std::size_t piece, Literals literals,
                 const imap::Limits& limits) {
  imap::Framer framer(limits);
  Framed out;
  while (!octets.empty()) {
    feed(framer, octets.substr(0, piece), literals, out);
    octets.remove_prefix(std::min(piece, octets.size()));
  }
  return out;
}

Framed frame_halves(std::string_view octets, std::size_t cut, Literals literals,
                    const imap::Limits& limits) {
  imap::Framer framer(limits);
  Framed out;
  feed(framer, octets.substr(0, cut), literals, out);
  feed(framer, octets.substr(cut), literals, out);
  return out;
}

bool same(const std::vector<imap::Frame>& a, const std::vector<imap::Frame>& b) {
  const auto same_literal = [](const imap::Frame::Literal& x, const imap::Frame::Literal& y) {
    return x.position == y.position && x.size == y.size && x.streamed == y.streamed;
  };
  return std::ranges::equal(a, b, [&](const imap::Frame& x, const imap::Frame& y) {
    return x.text == y.text && std::ranges::equal(x.literals, y.literals, same_literal);
  });
}

imap::Frame frame_of(std::string_view line, Literals literals, const imap::Limits& limits) {
  const auto octets = std::string(line) + "\r\n";
  auto framed = frame_all(octets, octets.size(), literals, limits);
  if (framed.frames.size() != 1 || !framed.between_responses) {
    throw std::runtime_error("not one response: " + octets);
  }
  return std::move(framed.frames.front());
}

imap::Response parse(std::string_view line, const imap::Limits& limits) {
  return parse_response(frame_of(line, Literals::keep, limits), limits);
}

}  // namespace tests
