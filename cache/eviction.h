#pragma once
/// Which bodies leave the cache: the least recently used ones. Message rows keep their body ids;
/// whoever asks for an evicted body finds that it is missing and fetches it again.

#include "cache/body_edit.h"

#include <cstddef>
#include <cstdint>

namespace cache {

struct Eviction {
  std::uint64_t bytes = 0;        // stop when so much is freed
  std::uint64_t used_before = 0;  // spare bodies whose last use is this or later
  std::size_t bodies = 0;         // stop after so many, so that a transaction stays short
};

struct Evicted {
  std::uint64_t bytes = 0;
  bool more = false;  // it was the number of bodies that ended it
};

/// Erases the bodies that were not used for more than so many days, at most `most` of them. True:
/// there may be more. Writer thread only.
bool evict_unused(BodyEdit& bodies, std::uint32_t days, std::size_t most);

/// Writer thread only.
Evicted evict(BodyEdit& bodies, const Eviction& wanted);

}  // namespace cache
