// What is turned on after login: ENABLE (RFC 5161) and COMPRESS (RFC 4978).

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

namespace imap {

void Session::negotiate() {
  quirks_ = quirks_of(capabilities_, greeting_, server_id_);
  if (quirks_.no_ranges) partial_works_ = false;
  if (capabilities_.is_only_rev2()) names_.use_utf8();
  enable();
  if (connection_.settings().compress) compress();
}

void Session::enable() {
  if (!capabilities_.offers("ENABLE") || selected()) return;
  Command command("ENABLE");
  for (const std::string_view name : {"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "UIDONLY"}) {
    if (!capabilities_.has(name)) continue;
    if (name == "QRESYNC" && quirks_.no_qresync) continue;
    if (name == "UIDONLY" && !quirks_.uid_only) continue;
    command.raw(name);
    enabling_.emplace(name);
  }
  if (enabling_.empty()) return;
  try {
    run(command, "ENABLE");
  } catch (const CommandError&) {
    enabled_.clear();
  }
  if (is_enabled("UTF8=ACCEPT")) names_.use_utf8();
}

bool Session::is_enabled(std::string_view extension) const {
  const auto name = to_upper(extension);
  // Whoever enables QRESYNC enables CONDSTORE (RFC 7162 3.2.3).
  return enabled_.contains(name) || (name == "CONDSTORE" && enabled_.contains("QRESYNC"));
}

bool Session::compress() {
  end_idle();
  // Nothing may be sent behind it: the answers to what was sent before are taken in already.
  if (compressed_ || !capabilities_.has("COMPRESS=DEFLATE") || !pending_.empty()) {
    return compressed_;
  }
  try {
    run(Command("COMPRESS DEFLATE"), "COMPRESS");
  } catch (const CommandError&) {
    return false;
  }
  connection_.compress();
  return compressed_ = true;
}

}  // namespace imap
