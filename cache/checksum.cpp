#include "cache/checksum.h"

#include <zlib.h>

namespace cache {

std::uint32_t checksum(std::uint32_t before, Bytes next) {
  // Without octets zlib answers with its initial value instead of `before`.
  if (next.empty()) return before;
  const auto* const octets = reinterpret_cast<const Bytef*>(next.data());
  return static_cast<std::uint32_t>(crc32_z(before, octets, next.size()));
}

}  // namespace cache
