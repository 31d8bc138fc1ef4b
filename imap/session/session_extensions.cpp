// What is turned on after login: ENABLE (RFC 5161) and COMPRESS (RFC 4978).

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <utility>

namespace imap {

void Session::negotiate() {
  // What the server calls itself in its answer to ID changes nothing of what is enabled.
  quirks_ = quirks_of(capabilities_, greeting_, server_id_);
  const bool introduce = !std::exchange(introduced_, true) && capabilities_.has("ID");
  const auto introducing = introduce ? send_introduction() : "";
  const auto enabling = send_enable();
  // Nothing may follow COMPRESS, but it may follow: one round trip for all.
  const auto compressing = connection_.settings().compress ? send_compress() : "";
  if (introduce) finish_introduction(introducing);
  if (!enabling.empty()) finish_enable(enabling);
  if (!compressing.empty()) finish_compress(compressing);
  quirks_ = quirks_of(capabilities_, greeting_, server_id_);
  if (quirks_.no_ranges) partial_works_ = false;
  if (capabilities_.is_only_rev2()) names_.use_utf8();
}

std::string Session::send_enable() {
  if (!capabilities_.offers("ENABLE") || selected()) return {};
  Command command("ENABLE");
  for (const std::string_view name : {"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "UIDONLY"}) {
    if (!capabilities_.has(name)) continue;
    if (name == "QRESYNC" && quirks_.no_qresync) continue;
    if (name == "UIDONLY" && !quirks_.uid_only) continue;
    command.raw(name);
    enabling_.emplace(name);
  }
  return enabling_.empty() ? std::string() : send(command);
}

void Session::finish_enable(const std::string& tag) {
  try {
    finish(tag, "ENABLE");
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
  // Else answers that are still to come could stand on either side of the border.
  if (!pending_.empty()) return compressed_;
  if (const auto tag = send_compress(); !tag.empty()) finish_compress(tag);
  return compressed_;
}

std::string Session::send_compress() {
  const bool offered = !compressed_ && capabilities_.has("COMPRESS=DEFLATE");
  return offered ? send(Command("COMPRESS DEFLATE")) : std::string();
}

void Session::finish_compress(const std::string& tag) {
  try {
    finish(tag, "COMPRESS");
  } catch (const CommandError&) {
    return;
  }
  connection_.compress();
  compressed_ = true;
}

}  // namespace imap
