#pragma once
/// What can be done with the directory of a cache from outside, without a Store. To be called by a
/// process that has no Store of its own open there.

#include "cache/statistics.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cache {

/// Whether there is a database in the directory.
bool has_database(const std::filesystem::path& directory);

struct Inspection {
  Statistics statistics;
  std::string in_use;  // by whom, in words; empty when by nobody
};

/// Also while a process uses the cache: LMDB lets readers look at the last commit beside it. Throws
/// Error when there is no database or it cannot be read, CorruptError when it is none of ours.
Inspection inspect(const std::filesystem::path& directory);

/// One line for each fault; none: all is well. Throws LockedError while a process uses the cache,
/// Error when there is no database.
std::vector<std::string> verify(const std::filesystem::path& directory);

/// Deletes the database, and answers how many octets of disk that gave back. Throws LockedError
/// while a process uses the cache.
std::uint64_t clear(const std::filesystem::path& directory);

/// Deletes the files of a database in a directory that this process has locked. Throws Error.
void remove_database(const std::filesystem::path& directory);

/// The file that says that damage was seen: the next open starts empty.
std::filesystem::path damage_mark(const std::filesystem::path& directory);

}  // namespace cache
