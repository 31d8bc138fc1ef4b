#pragma once
/// What the server said of a mailbox when it was opened, and since. A plain value.

#include "imap/base/ids.h"

#include <cstdint>
#include <string>

namespace imap {

struct SelectedMailbox {
  std::string name;  // the server's octets
  bool read_only = true;
  std::uint32_t exists = 0;
  UidValidity uid_validity;  // 0: the server gave none, UIDs mean nothing later
  Uid uid_next;              // 0: not said
  ModSeq highest_modseq;     // 0: none
};

}  // namespace imap
