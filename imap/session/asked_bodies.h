#pragma once
/// Lets through what was asked for. Any message may arrive at any time, and a row that contradicts
/// itself belongs to none. Lives as long as one command.

#include "imap/base/uid_set.h"
#include "imap/session/connection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace imap {

/// What is asked of each message.
struct BodyPart {
  std::string section;                    // `` for all of it, `1.2`
  std::optional<std::uint64_t> origin{};  // of a range
  std::uint64_t most = 0;                 // octets of it
};

class AskedBodies final : public BodySink {
 public:
  AskedBodies(const UidSet& uids, BodyPart part, BodySink& sink)
      : uids_(uids), part_(std::move(part)), sink_(sink) {}

  bool takes(std::string_view item) override;
  void begin(std::optional<Uid> uid, std::uint64_t size) override;
  void data(std::span<const std::byte> piece) override;
  void end(std::optional<Uid> uid) override;

  /// Takes in a body that was not streamed: a quoted string, an atom or an empty literal.
  void take(const FetchRow& row);
  /// Of a range that was asked for more or something else came, and was dropped.
  bool exceeded() const { return exceeded_; }

 private:
  const UidSet& uids_;
  const BodyPart part_;
  BodySink& sink_;
  std::optional<Uid> announced_;
  bool is_range_ = false;  // what begins is marked as one
  bool wanted_ = false;
  bool exceeded_ = false;
};

}  // namespace imap
