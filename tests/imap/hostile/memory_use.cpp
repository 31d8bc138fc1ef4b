#include "tests/imap/hostile/memory_use.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> most{0};

/// Null when there is none.
void* allocated(std::size_t size) noexcept {
  auto* const memory = std::malloc(size == 0 ? 1 : size);
  const auto taken = ::malloc_usable_size(memory);
  const auto now = in_use.fetch_add(taken) + taken;
  auto known = most.load();
  while (now > known && !most.compare_exchange_weak(known, now)) {
  }
  return memory;
}

void* required(std::size_t size) {
  auto* const memory = allocated(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) noexcept {
  in_use.fetch_sub(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// All forms but those for aligned memory, which nothing here uses: sanitizers have their own of
// each and want what one has allocated back.
void* operator new(std::size_t size) {
  return required(size);
}
void* operator new[](std::size_t size) {
  return required(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocated(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocated(size);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}

namespace tests {

MemoryUse::MemoryUse() : before_(in_use.load()) {
  most.store(before_);
}

std::size_t MemoryUse::peak() const {
  return most.load() - before_;
}

}  // namespace tests
