// Every transcript of this folder is played: README.md says how to read and to add one.

#include "imap/base/errors.h"
#include "imap/session/sasl/token_source.h"
#include "tests/imap/transcripts/operations.h"
#include "tests/imap/transcripts/transcript.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

using tests::Transcript;

namespace {

const std::filesystem::path kFolder = IMAPFS_TRANSCRIPTS;

std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::string name_of(const std::filesystem::path& file) {
  return file.lexically_relative(kFolder).replace_extension().string();
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Transcript read(const std::string& text) {
  std::istringstream stream(text);
  return tests::read_transcript(stream);
}

/// The steps with what came of them, in the notation of the file.
std::string shown(const std::vector<Transcript::Step>& steps) {
  std::string text;
  for (const auto& step : steps) {
    text += fmt::format("do: {}\n", fmt::join(step.words, " "));
    for (const auto& line : step.expected) text += fmt::format("expect: {}\n", line);
  }
  return text;
}

/// Plays the transcript and returns its steps with what came of each, and how it was deviated from.
std::pair<std::string, std::string> play(const Transcript& transcript) {
  tests::Script script(transcript.lines);
  imap::TokenSource tokens([] { return imap::Secret("token"); });
  const auto login =
      transcript.login == "token" ? imap::Login{"alice", {}, &tokens} : tests::alice();
  std::unique_ptr<imap::Session> session;
  auto steps = transcript.steps;
  for (auto& step : steps) {
    step.expected.clear();
    try {
      if (!session) {
        session = tests::open_session(script, tests::patient(), login);
      } else {
        step.expected = tests::perform(*session, step.words);
      }
    } catch (const imap::Error&) {
      step.expected.push_back(tests::describe(std::current_exception()));
    }
    if (!session) break;
  }
  if (session && !session->is_usable()) steps.back().expected.emplace_back("the session is over");
  session.reset();
  return {shown(steps), script.deviations()};
}

std::string complaint(const std::string& text) {
  try {
    read(text);
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("every transcript goes as it is written", "[transcripts]") {
  for (const auto& file : files()) {
    DYNAMIC_SECTION(name_of(file)) {
      const auto transcript = read(text_of(file));
      const auto [came, deviations] = play(transcript);
      CHECK(came == shown(transcript.steps));
      CHECK(deviations == tests::Script::none);
    }
  }
}

TEST_CASE("the transcripts are there, in a folder for each subject", "[transcripts]") {
  const auto found = files();
  CHECK(found.size() >= 150);
  for (const auto& file : found) {
    INFO(file);
    CHECK(std::ranges::count(name_of(file), '/') == 1);
  }
}

TEST_CASE("every quirk has a transcript that quotes its server", "[transcripts][quirks]") {
  for (const auto& quirk : imap::known_quirks()) {
    INFO(quirk.server);
    CHECK(std::ranges::any_of(files(), [&](const auto& file) {
      return text_of(file).find(quirk.text) != std::string::npos;
    }));
  }
}

TEST_CASE("what is no transcript is refused with its line", "[transcripts]") {
  const std::string good = "# What.\nlogin: none\ndo: noop\nS: * PREAUTH hi\n";
  CHECK(complaint(good) == "");
  CHECK(complaint("") == "no comment says what the transcript shows");
  CHECK(complaint("# What.\ndo: noop\nS: * PREAUTH hi\n") == "no login: line");
  CHECK(complaint("# What.\nlogin: none\ndo: noop\n") == "nobody says anything");
  CHECK(complaint("# What.\nlogin: none\nS: * PREAUTH hi\n") == "nothing is done");
  CHECK(complaint(good + "do: noop\n") == "line 5: a header after the dialogue has begun");
  CHECK(complaint(good + "X: hm\n") == "line 5: a header after the dialogue has begun");
  CHECK(complaint(good + "S* OK\n") == "line 5: neither header nor dialogue");
  CHECK(complaint(good + "S:* OK\n") == "line 5: no space after S:");
  CHECK(complaint(good + "S+ \\q\n") == "line 5: after \\ comes r, n, 0, \\ or xHH");
  CHECK(complaint("# What.\nlogin: maybe\n") == "line 2: login: is none, password or token");
  CHECK(complaint("# What.\nexpects: x\n") == "line 2: no header is called 'expects' here");
  CHECK(complaint("# What.\ndo: status \"a\n") == "line 2: a quote is not closed");
}

TEST_CASE("a transcript that goes another way is found out", "[transcripts]") {
  const auto from = [](const std::string& expected, const std::string& command) {
    const auto transcript =
        read("# What.\nlogin: none\ncapabilities: IMAP4rev1\ndo: search 7\nexpect: " + expected +
             "\nC: $2 " + command + "\nS: * SEARCH 7\nS: $2 OK\n");
    const auto [came, deviations] = play(transcript);
    return std::pair(came == shown(transcript.steps), deviations == tests::Script::none);
  };
  CHECK(from("7", "UID SEARCH UID 7") == std::pair(true, true));
  CHECK(from("8", "UID SEARCH UID 7") == std::pair(false, true));
  CHECK(from("7", "UID SEARCH UID 8") == std::pair(false, false));
}
