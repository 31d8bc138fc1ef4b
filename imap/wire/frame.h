#pragma once
/// One complete response as it came: its text with the literals that were kept standing in it byte
/// for byte, `{3}CRLFabc`. A literal that was streamed elsewhere has left only its `{n}CRLF`.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace imap {

struct Frame {
  struct Literal {
    std::size_t position;  // of the first octet after `{n}CRLF` in `text`
    std::uint64_t size;
    bool streamed;  // its octets are not in `text`
  };

  std::string text;  // without the final CRLF
  // INVARIANT: ascending. Only what stands here is a literal, whatever the text looks like.
  std::vector<Literal> literals;

  bool has_streamed() const { return std::ranges::any_of(literals, &Literal::streamed); }
  /// The literal whose octets begin at `position`, if one does.
  const Literal* literal_at(std::size_t position) const {
    const auto at = std::ranges::lower_bound(literals, position, {}, &Literal::position);
    return at != literals.end() && at->position == position ? &*at : nullptr;
  }
};

}  // namespace imap
