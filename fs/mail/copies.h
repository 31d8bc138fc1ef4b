#pragma once
/// Telling the copy of a message in another mailbox from other messages. A pure function.

#include "cache/rows.h"

#include <cstdint>
#include <string_view>

namespace fs {

/// Whether `found` can be a copy of the message that had the row `before`. The Message-ID and the
/// size (0: unknown) may be known although the row is not. Without a Message-ID it takes more to
/// believe it.
bool is_copy(std::string_view message_id, std::uint64_t size, const cache::MessageRow& before,
             const cache::MessageRow& found);

}  // namespace fs
