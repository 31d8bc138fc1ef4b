#pragma once
/// What a listing needs of one message. A plain value.

#include "imap/base/flags.h"
#include "imap/base/ids.h"

#include <cstdint>
#include <optional>
#include <string>

namespace imap {

struct MessageSummary {
  Uid uid;
  Flags flags;
  std::optional<std::uint64_t> size;         // RFC822.SIZE: a hint
  std::optional<std::string> internal_date;  // as sent
  ModSeq modseq;
  std::string header;  // the header fields asked for, raw
};

}  // namespace imap
