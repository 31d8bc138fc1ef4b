#include "fs/cli/safe_text.h"

#include "tests/support/catch.h"

#include <random>
#include <utility>

using fs::safe_text;

TEST_CASE("text from elsewhere becomes one harmless line", "[fs][cli][safe_text]") {
  const std::pair<std::string, const char*> texts[] = {
      {"plain text", "plain text"},
      {"Grüße, 日本, 🙂", "Grüße, 日本, 🙂"},
      {"two\r\nlines\tand tabs", "two\\r\\nlines\\tand tabs"},
      {"\x1b[2J", "\\x1B[2J"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f", "\\x7F"},
      {"\xc2\x9b", "\\u009B"},  // CSI, to an 8-bit terminal
      {"gpj.\xe2\x80\xae"
       "exe",
       "gpj.\\u202Eexe"},                                // right-to-left override
      {"\xe2\x81\xa6 \xe2\x81\xa9", "\\u2066 \\u2069"},  // isolates
      {"\xe2\x80\xa8", "\\u2028"},                       // line separator
      {"\xff\xc0\xaf", "\\xFF\\xC0\\xAF"},               // never UTF-8; overlong slash
      {"\xed\xa0\x80", "\\xED\\xA0\\x80"},               // surrogate
      {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},      // above U+10FFFF
      {"cut \xe6\x97", "cut \\xE6\\x97"}};
  for (const auto& [text, safe] : texts) CHECK(safe_text(text) == safe);
}

TEST_CASE("random bytes become safe text that stays as it is", "[fs][cli][safe_text]") {
  std::mt19937 random(20261123);  // NOLINT: the same bytes in every run
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += static_cast<char>(byte(random));
    const auto safe = safe_text(text);
    CHECK(safe_text(safe) == safe);
    CHECK(safe.find_first_of("\n\r\x1b\x7f") == std::string::npos);
  }
}
