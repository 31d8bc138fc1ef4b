#pragma once
/// A server that follows a transcript, on a thread of its own at the other end of a socket pair.
/// Nothing is asserted there: what the client did otherwise is recorded, and the test's own thread
/// asks for it at the end.
///
/// A line of the transcript begins with
///   `C: `  what the client must send as one line. `$1` is the first tag that it uses, and so on;
///   `C+ `  octets that the client must send with no line ending: the content of a literal;
///   `S: `  what the server sends as one line. `$1` stands for that tag here, too;
///   `S+ `  octets that the server sends as they are, with no line ending;
///   `S! deflate`  from here on both sides compress (RFC 4978);
///   `S! silence`  the server says nothing until the client hangs up;
///   `S! close`    the server closes at once.
/// At the end of the transcript the server closes its side. All waits end after ten seconds.

#include "imap/base/synchronized.h"
#include "imap/base/unique_fd.h"
#include "imap/base/wake_fd.h"
#include "imap/net/stream.h"
#include "tests/support/deflate.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tests {

class Script {
 public:
  using Lines = std::vector<std::string>;
  /// What `deviations` says when all went as written.
  static const std::string none;

  explicit Script(Lines lines);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /// The client's end; once. `abort` must outlive the stream.
  std::unique_ptr<imap::Stream> take_client(const imap::WakeFd& abort);
  std::unique_ptr<imap::Stream> take_client() { return take_client(never_); }
  /// Ends the server and says how the client deviated from the transcript: by the first line that
  /// differs, by not getting to its end, or by sending more.
  std::string deviations();

 private:
  void serve();
  void play(const std::string& line);
  void expect_line(std::string_view wanted);
  void expect_octets(std::string_view wanted);
  void send(std::string_view plain);
  std::string with_tags(std::string_view text) const;
  std::string difference(std::string_view wanted, std::string_view got);
  /// False when nothing more will come.
  bool fill();

  const Lines lines_;
  const imap::WakeFd never_;
  const imap::WakeFd ending_;
  imap::UniqueFd client_;
  imap::UniqueFd server_;
  std::string input_;
  std::map<char, std::string> tags_;
  std::unique_ptr<Deflater> deflater_;
  std::unique_ptr<Inflater> inflater_;
  imap::Synchronized<std::string> deviation_;
  std::thread thread_;
};

/// A transcript that begins with a session that needs no login: `$1` is used up, and `lines` begin
/// with `$2`.
Script::Lines after_login(const std::string& capabilities, Script::Lines lines);

}  // namespace tests
