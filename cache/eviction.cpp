#include "cache/eviction.h"

namespace cache {

bool evict_unused(BodyEdit& bodies, std::uint32_t days, std::size_t most) {
  for (std::size_t count = 0; count < most; ++count) {
    if (!bodies.erase_if_unused_for(days)) return false;
  }
  return true;
}

Evicted evict(BodyEdit& bodies, const Eviction& wanted) {
  Evicted done;
  for (std::size_t count = 0; done.bytes < wanted.bytes; ++count) {
    if (count == wanted.bodies) {
      done.more = true;
      break;
    }
    const auto freed = bodies.erase_least_recently_used(wanted.used_before);
    if (!freed) break;
    done.bytes += *freed;
  }
  return done;
}

}  // namespace cache
