#pragma once
/// How much the cache holds, and what it takes on the disk. Plain values.

#include "cache/lmdb.h"
#include "cache/schema.h"

#include <cstdint>

namespace cache {

struct Statistics {
  std::uint64_t mailboxes = 0;
  std::uint64_t messages = 0;
  std::uint64_t bodies = 0;      // complete ones
  std::uint64_t body_bytes = 0;  // the sum of their sizes: what --cache-size bounds
  std::uint64_t body_pages = 0;  // octets of the pages that hold bodies
  std::uint64_t row_pages = 0;   // octets of the pages that hold everything else
  std::uint64_t free_pages = 0;  // octets of pages within the file that wait to be used again
  std::uint64_t file_bytes = 0;  // of data.mdb

  bool operator==(const Statistics&) const = default;
};

/// `txn` is a transaction of `env`. The pages of a writer at work may be counted as neither.
Statistics statistics_of(const Env& env, const Txn& txn, const Tables& tables);

}  // namespace cache
