#pragma once
/// Sets of UIDs cut to what one command may name. Pure functions, any thread.

#include "imap/base/uid_set.h"
#include "imap/wire/response.h"

#include <cstddef>
#include <vector>

namespace imap {

/// Ranges in one command: 900 octets at most, as Yahoo and UW do not take lines above 1000.
inline constexpr std::size_t kMostRanges = 40;

/// The sets of single commands, lowest first: none of more than `most` UIDs or kMostRanges ranges.
std::vector<UidSet> uid_batches(const UidSet& uids, std::uint64_t most);

/// What is left of `asked` when the server has processed the highest UIDs only (RFC 9738: the code
/// stands in the tagged answer). Whoever ignores that loses old mail without a word.
UidSet left_by_limit(const Status& answer, const UidSet& asked);

}  // namespace imap
