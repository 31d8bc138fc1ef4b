#pragma once
/// The beginnings of large messages, for those who look no further: `head`, and programs that find
/// out what a file is. In memory only, the last few of them. Part of Bodies; any thread.

#include "fs/mail/body_fetch.h"
#include "fs/mail/message_key.h"
#include "imap/base/synchronized.h"
#include "imap/session/connection.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace fs {

class Heads {
 public:
  /// Octets of one.
  static constexpr std::uint32_t kBytes = 64 * 1024;

  /// Whether who reads this of a message of that size may be content with the beginning. The kernel
  /// asks for no more than 16 KiB when a program begins with a few lines, and for 64 or 128 KiB
  /// when it begins with a large buffer, as those do that read everything.
  static bool may_do(std::uint64_t offset, std::uint64_t length, std::uint64_t size);

  /// The beginning of a message, on its way or there; true: nobody has asked for it yet.
  std::pair<std::shared_ptr<BodyFetch>, bool> join(const MessageKey& key);
  /// It could not be had.
  void drop(const MessageKey& key);

 private:
  static constexpr std::size_t kMost = 64;
  using Known = std::list<std::pair<MessageKey, std::shared_ptr<BodyFetch>>>;  // last used first

  imap::Synchronized<Known> known_;
};

/// Takes the octets of one beginning from a session, on its connection's thread.
class HeadSink : public imap::BodySink {
 public:
  explicit HeadSink(std::shared_ptr<BodyFetch> fetch) : fetch_(std::move(fetch)) {}

  void begin(std::optional<imap::Uid> uid, std::uint64_t size) override;
  void data(std::span<const std::byte> piece) override;
  void end(std::optional<imap::Uid> uid) override;

 private:
  const std::shared_ptr<BodyFetch> fetch_;
  std::shared_ptr<BodyData> data_;
};

}  // namespace fs
