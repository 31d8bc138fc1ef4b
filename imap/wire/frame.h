#pragma once
/// One complete response as it came: its text with the literals that were kept standing in it byte
/// for byte, `{3}CRLFabc`. A literal that was streamed elsewhere has left only its `{n}CRLF`.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace imap {

struct Frame {
  struct Streamed {
    std::size_t position;  // of the first octet after `{n}CRLF` in `text`
    std::uint64_t size;
  };

  std::string text;  // without the final CRLF
  std::vector<Streamed> streamed;
};

}  // namespace imap
