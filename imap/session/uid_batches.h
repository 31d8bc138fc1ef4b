#pragma once
/// Sets of UIDs cut to what one command may name. Pure functions, any thread.

#include "imap/base/uid_set.h"
#include "imap/wire/response.h"

#include <cstddef>
#include <string>
#include <vector>

namespace imap {

/// Ranges in one command: 900 octets at most, as Yahoo and UW do not take lines above 1000.
inline constexpr std::size_t kMostRanges = 40;

/// Commands that are sent ahead of the answers: enough to fill the line, few enough that another
/// job does not wait long for the connection.
inline constexpr std::size_t kCommandsAhead = 4;

/// All UIDs there can be.
inline const UidSet kAllUids(Uid{1}, kMaxUid);

/// As a command takes it, with `*` for kMaxUid: some servers read no such number.
std::string open_ended(const UidSet& uids);

/// The sets of single commands, lowest first: none of more than `most` UIDs or kMostRanges ranges.
std::vector<UidSet> uid_batches(const UidSet& uids, std::uint64_t most);

/// Splits UIDs into the sets of single commands, highest first. The first ones are small so that
/// the first rows come soon; none names more than `most` UIDs or makes a line longer than servers
/// take.
std::vector<UidSet> chunks_newest_first(const UidSet& uids, std::size_t first, std::size_t most);

/// What is left of `asked` when the server has processed the highest UIDs only (RFC 9738: the code
/// stands in the tagged answer). Whoever ignores that loses old mail without a word.
UidSet left_by_limit(const Status& answer, const UidSet& asked);

}  // namespace imap
