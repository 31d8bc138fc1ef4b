#pragma once
/// A transcript that stands in a file: what a server says, what the client does with it, and what
/// comes of it. README.md describes the notation. Plain values and pure functions.

#include "tests/support/script.h"

#include <istream>
#include <string>
#include <vector>

namespace tests {

struct Transcript {
  /// One `do:` line and the `expect:` lines behind it.
  struct Step {
    std::vector<std::string> words;  // the operation, then its arguments
    std::vector<std::string> expected;
  };

  std::string login;        // `none`, `password` or `token`
  std::vector<Step> steps;  // the login first
  Script::Lines lines;
};

/// Throws std::runtime_error with the number of the line for what is no transcript.
Transcript read_transcript(std::istream& file);

/// Printable octets as they are, others as `\r`, `\n` or `\xHH`.
std::string printable(std::string_view octets);

}  // namespace tests
