#pragma once
/// Names a message within the account, as the key of a table. Plain values.

#include <cstddef>
#include <cstdint>
#include <functional>

namespace fs {

struct MessageKey {
  std::uint32_t mailbox;
  std::uint32_t uid;
  bool operator==(const MessageKey&) const = default;
};

struct MessageKeyHash {
  std::size_t operator()(const MessageKey& key) const noexcept {
    return std::hash<std::uint64_t>{}(std::uint64_t{key.mailbox} << 32U | key.uid);
  }
};

}  // namespace fs
