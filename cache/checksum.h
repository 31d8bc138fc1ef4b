#pragma once
/// The checksum of bodies: CRC-32 as in zlib, which finds damage and is no protection against
/// people. Pure functions.

#include "cache/bytes.h"

#include <cstdint>

namespace cache {

/// Of some octets whose beginning has the checksum `before` (0: there is none) and whose rest is
/// `next`.
std::uint32_t checksum(std::uint32_t before, Bytes next);

}  // namespace cache
