#pragma once
/// How much memory this program takes: its operator new counts, see memory_use.cpp. Any thread.

#include <cstddef>

namespace tests {

/// The most octets that were in use at any time since this was made, on top of those of then.
class MemoryUse {
 public:
  MemoryUse();
  std::size_t peak() const;

 private:
  std::size_t before_;
};

}  // namespace tests
