#pragma once
/// Whether everything in a database agrees with everything else. A pure function of one
/// transaction.

#include "cache/lmdb.h"
#include "cache/schema.h"

#include <string>
#include <vector>

namespace cache {

/// Reads all of it: every row can be decoded, every complete body has its chunks and its checksum,
/// counts and sums agree, and no entry of a table points to nothing. Answers with a line for each
/// thing that does not. A body that was being fetched when its process died is no fault.
std::vector<std::string> find_faults(const ReadTxn& txn, const Tables& tables);

}  // namespace cache
