// Fetching bodies, on a connection's thread.

#include "fs/mail/bodies.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

namespace fs {

void Bodies::run(cache::MailboxId mailbox, imap::Lane lane, const std::string& what, Work work,
                 const OnError& on_error) {
  try {
    const auto name = folders_.wire_name(mailbox);
    const auto row =
        backing_.cache.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
    if (!row) throw StaleError(fmt::format("folder {} is gone", mailbox.value));
    backing_.pool
        .run({.mailbox = name, .lane = lane, .what = fmt::format("fetch {} of {}", what, name)},
             [this, mailbox, validity = row->uid_validity,
              work = std::move(work)](imap::Session& session) {
               // It may have been renamed since.
               work(session, folders_.wire_name(mailbox), validity);
             })
        .on_done([on_error](const std::exception_ptr& error) {
          if (error) on_error(error);
        });
  } catch (const std::exception&) {
    on_error(std::current_exception());
  }
}

void Bodies::start_fetch(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted) {
  run(
      mailbox, imap::Lane::bulk,
      wanted.size() == 1 ? "a message" : fmt::format("{} messages", wanted.size()),
      [this, mailbox, wanted](imap::Session& session, const std::string& name,
                              std::uint64_t uid_validity) {
        fetch(session, mailbox, uid_validity, name, wanted);
      },
      [this, mailbox, wanted](const std::exception_ptr& error) {
        give_up(mailbox, wanted, error);
      });
}

/// Somebody waits for a few lines: not behind large messages.
void Bodies::start_head(const MessageKey& key, const std::shared_ptr<BodyFetch>& head) {
  run(
      {key.mailbox}, imap::Lane::interactive, "the beginning of a message",
      [this, key, head](imap::Session& session, const std::string& name,
                        std::uint64_t uid_validity) {
        open(session, name, uid_validity);
        HeadSink sink(head);
        session.fetch_range(imap::Uid{key.uid}, 0, Heads::kBytes, sink);
        if (!head->is_finished()) throw UnfetchableError("the server sends no parts of messages");
      },
      [this, key, head](const std::exception_ptr& error) {
        heads_.drop(key);
        head->finish(error);
      });
}

void Bodies::give_up(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted,
                     const std::exception_ptr& error) {
  fetches_.with([&](Fetches& fetches) {
    for (const auto& [uid, fetch] : wanted) {
      const auto running = fetches.running.find({mailbox.value, uid.value});
      // One that has ended well is settled by the cache's writer.
      if (running != fetches.running.end() && running->second == fetch && !fetch->is_finished()) {
        fetches.running.erase(running);
      }
    }
  });
  for (const auto& [uid, fetch] : wanted) fetch->finish(error);
}

void Bodies::open(imap::Session& session, const std::string& name, std::uint64_t uid_validity) {
  const auto is_same = [&](imap::Session::Refresh refresh) {
    try {
      return session.examine(name, refresh).uid_validity.value == uid_validity;
    } catch (const imap::CommandError&) {
      folders_.refused(session, name);
      throw;
    }
  };
  // It may be this connection that opened the mailbox before its UIDVALIDITY changed.
  if (!is_same(imap::Session::Refresh::no) && !is_same(imap::Session::Refresh::yes)) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", name));
  }
}

void Bodies::fetch(imap::Session& session, cache::MailboxId mailbox, std::uint64_t uid_validity,
                   const std::string& name, const BodyBatch::Wanted& wanted) {
  open(session, name, uid_validity);
  // Repeated after a lost connection, only the rest is fetched.
  auto rest = wanted;
  std::erase_if(rest, [](const auto& one) { return one.second->is_finished(); });
  if (rest.empty()) return;
  BodyBatch batch(backing_.cache, mailbox, rest,
                  [this, mailbox](const BodyBatch::Settled& settled) { settle(mailbox, settled); });
  bool refused = false;
  try {
    session.fetch_bodies(batch.missing(), batch);
  } catch (const imap::CommandError&) {
    // The others are fetched without the one that the server does not want to give.
    if (rest.size() == 1) throw;
    refused = true;
  }
  if (batch.missing().empty()) return;
  // This session may not have heard yet of a message that another one has listed.
  session.noop();
  if (refused) {
    fetch_singly(session, mailbox, rest, batch);
  } else {
    session.fetch_bodies(batch.missing(), batch);
  }
  report_missing(session, mailbox, rest, batch.missing());
}

void Bodies::fetch_singly(imap::Session& session, cache::MailboxId mailbox,
                          const BodyBatch::Wanted& wanted, BodyBatch& batch) {
  for (const auto& [uid, fetch] : wanted) {
    if (fetch->is_finished()) continue;
    try {
      session.fetch_bodies(imap::UidSet(uid), batch);
    } catch (const imap::CommandError&) {
      give_up(mailbox, {{uid, fetch}}, std::current_exception());
    }
  }
}

void Bodies::report_missing(imap::Session& session, cache::MailboxId mailbox,
                            const BodyBatch::Wanted& wanted, const imap::UidSet& missing) {
  if (missing.empty()) return;
  const auto there = session.search(missing);
  for (const auto& [uid, fetch] : wanted) {
    if (!missing.contains(uid) || fetch->is_finished()) continue;
    if (there.contains(uid)) {
      give_up(mailbox, {{uid, fetch}},
              std::make_exception_ptr(UnfetchableError(
                  fmt::format("the server does not hand out message {}", uid.value))));
    } else {
      changes_.erase(mailbox, imap::UidSet(uid));
      give_up(mailbox, {{uid, fetch}},
              std::make_exception_ptr(StaleError(fmt::format("message {} is gone", uid.value))));
    }
  }
}

}  // namespace fs
