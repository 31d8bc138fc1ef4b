#pragma once
/// Takes the bodies that one FETCH brings, passes each to those who wait for it, and puts it into
/// the cache while it arrives. Made for one command, used by its connection thread.

#include "cache/store.h"
#include "fs/mail/body_fetch.h"
#include "imap/base/uid_set.h"
#include "imap/session/connection.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace fs {

class BodyBatch : public imap::BodySink {
 public:
  using Wanted = std::map<imap::Uid, std::shared_ptr<BodyFetch>>;
  struct Settled {
    imap::Uid uid;
    std::shared_ptr<BodyFetch> fetch;
    cache::BodyId body;
    std::uint64_t size = 0;
    bool has_grown = false;  // the server had announced less
    bool cached = false;     // else some of it is in memory only
    bool listed = false;     // else the message has gone meanwhile
  };
  /// Told on the cache writer's thread when a body is in the cache for good, or will never be.
  using OnSettled = std::function<void(const Settled&)>;

  BodyBatch(cache::Store& store, cache::MailboxId mailbox, Wanted wanted, OnSettled on_settled);
  /// A body that was cut off leaves nothing in the cache.
  ~BodyBatch() override;

  void begin(std::optional<imap::Uid> uid, std::uint64_t size) override;
  void data(std::span<const std::byte> piece) override;
  void end(std::optional<imap::Uid> uid) override;

  /// Those of which no body has come.
  imap::UidSet missing() const;

 private:
  void settle(imap::Uid uid, std::shared_ptr<BodyFetch> fetch,
              const std::shared_ptr<BodyData>& data);
  void drop(const std::shared_ptr<BodyData>& data);

  cache::Store& store_;
  const cache::MailboxId mailbox_;
  Wanted wanted_;  // erased one by one
  const OnSettled on_settled_;
  std::shared_ptr<BodyData> current_;     // null: nobody wants what is arriving
  std::optional<imap::Uid> current_uid_;  // as far as known
};

}  // namespace fs
