#include "fs/mail/messages.h"

#include <algorithm>
#include <utility>

namespace fs {

bool Messages::is_fresh(const State& state, const std::string& name) const {
  if (!state.compared) return false;
  const auto age = Clock::now() - *state.compared;
  if (age < backing_.settings.mailbox_fresh) return true;
  if (age >= backing_.settings.watched_fresh || !state.complete) return false;
  // What has happened before the server began to tell is known from a comparison alone.
  const auto watched = backing_.pool.watched_since(name);
  return watched && *watched <= *state.compared;
}

bool Messages::is_listed(cache::MailboxId mailbox) const {
  return backing_.cache.read([mailbox](const cache::View& view) {
    const auto row = view.mailbox(mailbox);
    return row && row->listed;
  });
}

bool Messages::is_plain(const cache::MailboxRow& row) {
  return row.sync_class == static_cast<std::uint8_t>(imap::SyncClass::plain);
}

std::shared_ptr<Listing> Messages::join_sync(cache::MailboxId mailbox) {
  const auto name = folders_.wire_name(mailbox);
  bool start = false;
  auto listing = states_.with([&](auto& states) -> std::shared_ptr<Listing> {
    auto& state = states[mailbox.value];
    state.used = Clock::now();
    if (state.running || is_fresh(state, name)) return state.running;
    start = true;
    return state.running = std::make_shared<Listing>(mailbox);
  });
  if (start) start_sync(listing, name);
  return listing;
}

void Messages::request_sync(cache::MailboxId mailbox, std::uint64_t told) {
  const auto tree = folders_.tree();
  const auto* folder = tree->find(mailbox);
  if (folder == nullptr || !folder->selectable) return;
  const auto listing = states_.with([&](auto& states) -> std::shared_ptr<Listing> {
    auto& state = states[mailbox.value];
    state.told = state.running != nullptr;
    if (state.running) return nullptr;
    return state.running = std::make_shared<Listing>(mailbox);
  });
  if (listing) start_sync(listing, folder->wire_name, told);
}

void Messages::start_sync(const std::shared_ptr<Listing>& listing, const std::string& name,
                          std::uint64_t told) {
  imap::JobSpec spec;
  spec.mailbox = name;
  spec.what = "compare " + name;
  backing_.pool
      .run(std::move(spec),
           [this, listing, told](imap::Session& session) {
             // Another one may have the mailbox open, too, and not have heard of it yet.
             const bool heard = session.id() == told;
             sync(session, listing, heard ? imap::Look::as_told : imap::Look::open_again);
           })
      .on_done([this, listing](const std::exception_ptr& error) {
        // When it went well, the job or its second part has said so.
        if (error) end_sync(listing, error);
      });
}

void Messages::end_sync(const std::shared_ptr<Listing>& listing, const std::exception_ptr& error) {
  const auto mailbox = listing->mailbox();
  const bool complete = !error && is_listed(mailbox);
  const bool again = states_.with([&](auto& states) {
    auto& state = states[mailbox.value];
    if (state.running != listing) return false;
    state.running.reset();
    // Rows that could not be stored have ended the listing before.
    const bool well = !error && !listing->has_failed();
    if (well) {
      state.compared = state.compared_last;
      state.complete = complete;
    } else {
      state.compared.reset();  // there may be news that nobody has seen
    }
    return std::exchange(state.told, false) && well;
  });
  listing->finish(error);
  if (again) request_sync(mailbox);
}

void Messages::freshen(cache::MailboxId mailbox, Interrupt& interrupt) {
  const auto listing = join_sync(mailbox);
  if (!listing) return;
  if (is_listed(mailbox)) {
    wait_a_moment(*listing, interrupt);
    return;
  }
  listing->wait_for(imap::Uid{imap::kMaxUid.value - 1}, backing_.patience(), interrupt);
}

void Messages::wait_a_moment(Listing& listing, Interrupt& interrupt) {
  stale_wait_(listing.started(),
              [&](imap::Deadline deadline) { return listing.wait_finished(deadline, interrupt); });
}

void Messages::visit(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                     Interrupt& interrupt,
                     const std::function<bool(const cache::MessageRow&)>& visit) {
  if (below == 1) return;  // no UID is lower
  const auto first = below == 0 ? imap::kMaxUid : imap::Uid{below - 1};
  bool resumed = false;
  while (true) {
    auto listing = states_.with([&](auto& states) { return states[mailbox.value].running; });
    if (listing && is_listed(mailbox)) listing.reset();
    const auto floor = listing ? listing->floor() : imap::Uid{0};
    bool visited = false;
    backing_.cache.read([&](const cache::View& view) {
      view.messages_below(mailbox, below, [&](const cache::MessageRow& row) {
        if (row.uid < floor.value) return false;
        visited = true;
        return visit(row);
      });
    });
    if (visited || may_wait == MayWait::no) return;
    auto reached = floor.value;
    if (reached == 0) {
      // An end that is none: the first listing has failed, or was never begun.
      if (listing || resumed || is_listed(mailbox)) return;
      resumed = true;
      listing = join_sync(mailbox);
      if (!listing) return;
      reached = imap::kMaxUid.value;
    }
    listing->wait_for(imap::Uid{std::min(first.value, reached) - 1}, backing_.patience(),
                      interrupt);
  }
}

std::optional<cache::MessageRow> Messages::cached(cache::MailboxId mailbox, imap::Uid uid) const {
  return backing_.cache.read(
      [&](const cache::View& view) { return view.message(mailbox, uid.value); });
}

std::optional<cache::MessageRow> Messages::find(cache::MailboxId mailbox, imap::Uid uid,
                                                Interrupt& interrupt) {
  if (auto row = cached(mailbox, uid)) return row;
  const auto listing = join_sync(mailbox);
  if (!listing) return cached(mailbox, uid);
  if (is_listed(mailbox)) {
    wait_a_moment(*listing, interrupt);
  } else {
    listing->wait_for(uid, backing_.patience(), interrupt);
  }
  return cached(mailbox, uid);
}

}  // namespace fs
