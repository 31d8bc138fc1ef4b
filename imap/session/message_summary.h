#pragma once
/// What a listing needs of one message. A plain value.

#include "imap/base/flags.h"
#include "imap/base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace imap {

struct MessageSummary {
  Uid uid;
  Flags flags;
  std::optional<std::uint64_t> size;         // RFC822.SIZE: a hint
  std::optional<std::string> internal_date;  // as sent
  ModSeq modseq;
  std::string email_id;                        // the same for all copies (OBJECTID); or empty
  std::optional<std::uint64_t> gmail_message;  // likewise, at Gmail
  std::optional<std::uint64_t> gmail_thread;
  std::vector<std::string> gmail_labels;
  std::string header;  // the header fields asked for, raw
};

}  // namespace imap
