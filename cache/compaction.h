#pragma once
/// LMDB never gives disk back: its file stays as large as it once was. This writes it anew.

#include "cache/lmdb.h"

#include <filesystem>

namespace cache {

/// The copy while it is being written.
inline constexpr const char* kCompactedName = "data.mdb.compacted";

/// Puts a database without free pages in the place of this one, when more than half of its file is
/// free, that is worth it, and the disk has room for both. The directory is locked by this process
/// and nobody has the database open. A crash on the way leaves the old one as it was. Answers
/// whether it did.
bool compact_if_worth_it(const Env::Options& options);

}  // namespace cache
