#include "tests/imap/transcripts/transcript.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

/// Words are separated by spaces; one that holds some stands in quotes.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const bool quoted = text.front() == '"';
    if (quoted) text.remove_prefix(1);
    const auto end = text.find(quoted ? '"' : ' ');
    if (quoted && end == std::string_view::npos) throw std::runtime_error("a quote is not closed");
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end, text.size() - 1) + 1);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return words;
}

char octet_of(std::string_view digits) {
  if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdef") != digits.npos) {
    throw std::runtime_error("\\x needs two hexadecimal digits");
  }
  return static_cast<char>(std::stoi(std::string(digits), nullptr, 16));
}

/// `\r`, `\n`, `\0`, `\xHH` and `\\` in the lines that are sent or awaited as they are.
std::string unescaped(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      octets += text[i];
      continue;
    }
    const auto kind = ++i < text.size() ? text[i] : '\0';
    if (kind == 'x') {
      octets += octet_of(text.substr(i + 1, 2));
      i += 2;
    } else if (const auto at = std::string_view("rn0\\").find(kind); at != std::string_view::npos) {
      octets += std::string_view("\r\n\0\\", 4)[at];
    } else {
      throw std::runtime_error("after \\ comes r, n, 0, \\ or xHH");
    }
  }
  return octets;
}

class Reader {
 public:
  void add(std::string_view line) {
    if (line.empty()) return;
    if (line.starts_with('#')) {
      has_comment_ = true;
    } else if (!add_dialogue(line)) {
      add_header(line);
    }
  }

  Transcript finish() {
    if (!has_comment_) throw std::runtime_error("no comment says what the transcript shows");
    if (transcript_.login.empty()) throw std::runtime_error("no login: line");
    if (transcript_.lines.empty()) throw std::runtime_error("nobody says anything");
    if (transcript_.steps.size() < 2 && login().expected.empty()) {
      throw std::runtime_error("nothing is done");
    }
    for (const auto& step : transcript_.steps) {
      if (&step != &login() && step.words.empty()) throw std::runtime_error("an empty do: line");
    }
    return std::move(transcript_);
  }

 private:
  Transcript::Step& login() { return transcript_.steps.front(); }

  bool add_dialogue(std::string_view line) {
    static constexpr std::array<std::string_view, 5> kKinds{"C:", "S:", "C+", "S+", "S!"};
    const auto kind = line.substr(0, 2);
    if (std::ranges::find(kKinds, kind) == kKinds.end()) return false;
    if (line.size() > 2 && line[2] != ' ')
      throw std::runtime_error("no space after " + std::string(kind));
    const auto text = line.size() > 2 ? line.substr(3) : std::string_view();
    transcript_.lines.push_back(std::string(kind) + ' ' +
                                (kind[1] == '+' ? unescaped(text) : std::string(text)));
    in_dialogue_ = true;
    return true;
  }

  void add_header(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error("neither header nor dialogue");
    const auto name = line.substr(0, colon);
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (in_dialogue_) throw std::runtime_error("a header after the dialogue has begun");
    if (name == "do") {
      transcript_.steps.push_back({words_of(value), {}});
    } else if (name == "expect") {
      transcript_.steps.back().expected.emplace_back(value);
    } else if (name == "login" && transcript_.login.empty()) {
      static constexpr std::array<std::string_view, 3> kLogins{"none", "password", "token"};
      if (std::ranges::find(kLogins, value) == kLogins.end()) {
        throw std::runtime_error("login: is none, password or token");
      }
      transcript_.login = value;
    } else if (name == "capabilities") {
      transcript_.lines = after_login(std::string(value), {});
    } else if (name == "greeting" && !transcript_.lines.empty()) {
      transcript_.lines.front() = fmt::format("S: * PREAUTH {}", value);
    } else {
      throw std::runtime_error(fmt::format("no header is called '{}' here", name));
    }
  }

  Transcript transcript_{{}, {{{"login"}, {}}}, {}};
  bool has_comment_ = false;
  bool in_dialogue_ = false;
};

}  // namespace

Transcript read_transcript(std::istream& file) {
  Reader reader;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    try {
      reader.add(line);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("line {}: {}", number, error.what()));
    }
  }
  return reader.finish();
}

std::string printable(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (const auto octet = static_cast<unsigned char>(c); octet < 0x20 || octet > 0x7e) {
      text += fmt::format("\\x{:02x}", octet);
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace tests
