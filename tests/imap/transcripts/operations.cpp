#include "tests/imap/transcripts/operations.h"

#include "tests/imap/transcripts/transcript.h"
#include "tests/support/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace tests {
namespace {

using imap::Session;
using imap::UidSet;

constexpr auto kAgain = Session::Refresh::yes;

/// The words behind the operation, taken one after the other.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& words) : words_(words) {}

  bool has_more() const { return at_ < words_.size(); }
  bool has_number() const {
    return has_more() && words_[at_].find_first_not_of("0123456789:,") == std::string::npos;
  }
  std::string next() {
    if (!has_more()) throw std::runtime_error(fmt::format("{}: what?", words_.front()));
    return words_[at_++];
  }
  /// Takes the word if it comes next.
  bool take(std::string_view word) {
    const bool is_next = has_more() && words_[at_] == word;
    if (is_next) ++at_;
    return is_next;
  }
  std::uint64_t number() { return std::stoull(next()); }
  imap::Uid uid() { return {static_cast<std::uint32_t>(number())}; }
  UidSet uids() {
    const auto word = next();
    const auto set = UidSet::parse(word, 1000);
    if (!set || set->empty()) throw std::runtime_error(fmt::format("'{}' is no set", word));
    return *set;
  }

 private:
  const std::vector<std::string>& words_;
  std::size_t at_ = 1;
};

using Operation = Lines (*)(Session&, Arguments&);

/// `since UIDVALIDITY MODSEQ [UIDS]`
std::optional<imap::ResyncPoint> point(Arguments& arguments) {
  if (!arguments.take("since")) return std::nullopt;
  imap::ResyncPoint since;
  since.uid_validity.value = arguments.number();
  since.modseq.value = arguments.number();
  if (arguments.has_more()) since.known = arguments.uids();
  return since;
}

Lines negotiate(Session& session, Arguments&) {
  session.negotiate();
  std::string enabled;
  for (const auto* name : {"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "UIDONLY"}) {
    if (session.is_enabled(name)) enabled += fmt::format(" {}", name);
  }
  return {enabled.empty() ? "enabled nothing" : "enabled" + enabled};
}

Lines list(Session& session, Arguments& arguments) {
  imap::ListRequest request;
  request.status = arguments.take("status");
  request.subscriptions = arguments.take("subscriptions");
  if (arguments.take("below")) request.prefix = arguments.next();
  Lines lines;
  for (const auto& row : session.list(request)) lines.push_back(describe(row));
  return lines;
}

Lines show_namespace(Session& session, Arguments&) {
  const auto found = session.personal_namespace(session.list());
  return {fmt::format("prefix \"{}\" delimiter {}", printable(found.prefix),
                      found.delimiter ? std::string(1, *found.delimiter) : "none")};
}

Lines statuses(Session& session, Arguments& arguments) {
  std::vector<std::string> names;
  while (arguments.has_more()) names.push_back(arguments.next());
  Lines lines;
  for (const auto& row : session.statuses(names)) lines.push_back(row ? describe(*row) : "nothing");
  return lines;
}

Lines summaries(Session& session, Arguments& arguments) {
  std::vector<UidSet> chunks;
  while (arguments.has_more()) chunks.push_back(arguments.uids());
  Lines lines;
  session.fetch_summaries(chunks, [&lines](const std::vector<imap::MessageSummary>& rows) {
    lines.push_back(fmt::format("chunk of {}", rows.size()));
    for (const auto& row : rows) lines.push_back(describe(row));
    return true;
  });
  return lines;
}

/// What reached the sink before the operation ended, however it did.
Lines with_sink(Lines& lines, const std::function<Lines(imap::BodySink&)>& fetch) {
  RecordingSink sink;
  const auto keep = [&] {
    for (const auto& body : sink.delivered()) lines.push_back(printable(body));
    if (!sink.bodies().empty() && !sink.bodies().back().ended) lines.emplace_back("cut short");
  };
  try {
    const auto more = fetch(sink);
    keep();
    lines.insert(lines.end(), more.begin(), more.end());
  } catch (...) {
    keep();
    lines.push_back(describe(std::current_exception()));
  }
  return lines;
}

Lines bodies(Session& session, Arguments& arguments) {
  Lines lines;
  return with_sink(lines, [&](imap::BodySink& sink) {
    session.fetch_bodies(arguments.uids(), sink);
    return Lines{};
  });
}

Lines range(Session& session, Arguments& arguments) {
  const auto uid = arguments.uid();
  const auto offset = arguments.number();
  const auto count = static_cast<std::uint32_t>(arguments.number());
  Lines lines;
  return with_sink(lines, [&](imap::BodySink& sink) -> Lines {
    return {session.fetch_range(uid, offset, count, sink) ? "ranges work" : "no ranges"};
  });
}

Lines part(Session& session, Arguments& arguments) {
  const auto uid = arguments.uid();
  Lines lines;
  return with_sink(lines, [&](imap::BodySink& sink) -> Lines {
    const auto form = session.fetch_part(uid, arguments.next(), sink);
    return {form == imap::PartForm::decoded ? "decoded" : "encoded"};
  });
}

Lines flags(Session& session, Arguments& arguments) {
  const auto uids = arguments.uids();
  imap::ModSeq since;
  if (arguments.take("since")) since.value = arguments.number();
  Lines lines;
  for (const auto& [uid, update] : session.fetch_flags(uids, since)) {
    lines.push_back(fmt::format("uid {} {}", uid.value, describe(update)));
  }
  return lines;
}

/// `UIDS add|remove FLAG... [unless MODSEQ]`
Lines store(Session& session, Arguments& arguments) {
  const auto uids = arguments.uids();
  const auto change = arguments.take("remove") ? imap::FlagChange::remove : imap::FlagChange::add;
  static_cast<void>(arguments.take("add"));
  imap::Flags flags;
  std::optional<imap::ModSeq> unchanged;
  while (arguments.has_more()) {
    if (arguments.take("unless")) {
      unchanged = imap::ModSeq{arguments.number()};
    } else {
      flags.add(arguments.next());
    }
  }
  const auto left = session.store(uids, change, flags, unchanged);
  return left.empty() ? Lines{} : Lines{"left alone " + left.to_string()};
}

Lines search(Session& session, Arguments& arguments) {
  const auto found = arguments.take("all") ? session.search_all()
                     : arguments.take("newest")
                         ? session.search_newest(static_cast<std::uint32_t>(arguments.number()))
                         : session.search(arguments.uids());
  return {found.empty() ? "nothing" : found.to_string()};
}

imap::NewMessage message(std::string text) {
  const auto size = text.size();
  imap::NewMessage message;
  message.size = size;
  message.source = [text = std::move(text),
                    at = std::size_t{0}](std::span<std::byte> into) mutable {
    const auto count = std::min(into.size(), text.size() - at);
    std::memcpy(into.data(), text.data() + at, count);
    at += count;
    return count;
  };
  return message;
}

/// `UIDVALIDITY UIDNEXT [UIDS] [modseq N] [stale UIDS] [incomplete] [told]`: the caller has these
/// messages.
Lines compare(Session& session, Arguments& arguments) {
  const auto mailbox = arguments.next();
  imap::KnownMailbox known;
  known.uid_validity.value = arguments.number();
  known.uid_next = arguments.uid();
  const auto uids = arguments.has_number() ? arguments.uids() : UidSet();
  known.count = static_cast<std::uint32_t>(uids.size());
  if (arguments.take("modseq")) known.highest_modseq.value = arguments.number();
  if (arguments.take("stale")) known.stale_flags = arguments.uids();
  known.complete = !arguments.take("incomplete");
  const auto look = arguments.take("told") ? imap::Look::as_told : imap::Look::open_again;
  known.uids = [uids] {
    return uids;
  };
  return describe(imap::compare(session, mailbox, known, look));
}

Lines hear(Session& session, Arguments&) {
  const imap::WakeFd never;
  const auto soon = imap::Deadline::after(std::chrono::seconds(5));
  if (session.wait(soon, never) != imap::Stream::Wait::readable) return {"silence"};
  session.digest();
  return {session.is_idling() ? "idling" : "not idling"};
}

Lines pause(Session& session, Arguments&) {
  const auto pause = session.take_pause();
  return {pause ? fmt::format("{} ms", pause->count()) : "none"};
}

Lines quota(Session& session, Arguments& arguments) {
  Lines lines;
  for (const auto& row : session.quotas(arguments.next())) lines.push_back(describe(row));
  return lines.empty() ? Lines{"none"} : lines;
}

struct Entry {
  std::string_view name;
  Operation run;
};

constexpr Entry kOperations[]{
    {"negotiate", negotiate},
    {"quirks",
     [](Session& s, Arguments&) -> Lines {
       return {describe(s.quirks())};
     }},
    {"capabilities",
     [](Session& s, Arguments&) -> Lines {
       return {fmt::format("{}", fmt::join(s.capabilities().atoms(), " "))};
     }},
    {"compress",
     [](Session& s, Arguments&) -> Lines {
       return {s.compress() ? "yes" : "no"};
     }},
    {"namespace", show_namespace},
    {"list", list},
    {"status",
     [](Session& s, Arguments& a) -> Lines {
       return {describe(s.status(a.next()))};
     }},
    {"statuses", statuses},
    {"create",
     [](Session& s, Arguments& a) -> Lines {
       const auto name = a.next();
       const auto use = a.has_more() ? imap::special_use_of(a.next()) : std::nullopt;
       const auto id = s.create_mailbox(name, use);
       return id.empty() ? Lines{} : Lines{"mailboxid " + id};
     }},
    {"delete",
     [](Session& s, Arguments& a) {
       return s.delete_mailbox(a.next()), Lines{};
     }},
    {"rename",
     [](Session& s, Arguments& a) {
       const auto from = a.next();
       return s.rename_mailbox(from, a.next()), Lines{};
     }},
    {"subscribe",
     [](Session& s, Arguments& a) {
       return s.subscribe(a.next(), Session::Subscription::add), Lines{};
     }},
    {"unsubscribe",
     [](Session& s, Arguments& a) {
       return s.subscribe(a.next(), Session::Subscription::remove), Lines{};
     }},
    {"examine",
     [](Session& s, Arguments& a) -> Lines {
       const auto name = a.next();
       return {describe(s.examine(name, kAgain, point(a)))};
     }},
    {"select",
     [](Session& s, Arguments& a) -> Lines {
       const auto name = a.next();
       return {describe(s.select(name, kAgain, point(a)))};
     }},
    {"selected",
     [](Session& s, Arguments&) -> Lines {
       return {s.selected() ? s.selected()->name + ' ' + describe(*s.selected()) : "none"};
     }},
    {"unselect",
     [](Session& s, Arguments&) {
       return s.unselect(), Lines{};
     }},
    {"compare", compare},
    {"noop",
     [](Session& s, Arguments&) {
       return s.noop(), Lines{};
     }},
    {"search", search},
    {"summaries", summaries},
    {"bodies", bodies},
    {"range", range},
    {"part", part},
    {"flags", flags},
    {"store", store},
    {"expunge",
     [](Session& s, Arguments& a) {
       return s.expunge(a.uids()), Lines{};
     }},
    {"copy",
     [](Session& s, Arguments& a) -> Lines {
       const auto uids = a.uids();
       return {describe(s.copy(uids, a.next()))};
     }},
    {"move",
     [](Session& s, Arguments& a) -> Lines {
       const auto uids = a.uids();
       return {describe(s.move(uids, a.next()))};
     }},
    {"append",
     [](Session& s, Arguments& a) -> Lines {
       const auto name = a.next();
       return {describe(s.append(name, message(a.next())))};
     }},
    {"replace",
     [](Session& s, Arguments& a) -> Lines {
       const auto uid = a.uid();
       const auto name = a.next();
       return {describe(s.replace(uid, name, message(a.next())))};
     }},
    {"idle",
     [](Session& s, Arguments&) {
       return s.idle(), Lines{};
     }},
    {"hear", hear},
    {"done",
     [](Session& s, Arguments&) {
       return s.end_idle(), Lines{};
     }},
    {"notify",
     [](Session& s, Arguments&) -> Lines {
       return {s.notify() ? "yes" : "no"};
     }},
    {"updates",
     [](Session& s, Arguments&) {
       return describe(s.take_updates());
     }},
    {"quota", quota},
    {"pause", pause},
    {"logout",
     [](Session& s, Arguments&) {
       return s.logout(), Lines{};
     }},
};

}  // namespace

Lines perform(Session& session, const std::vector<std::string>& words) {
  const auto* const entry = std::ranges::find(kOperations, words.front(), &Entry::name);
  if (entry == std::end(kOperations)) {
    throw std::runtime_error(fmt::format("'{}' is no operation", words.front()));
  }
  Arguments arguments(words);
  auto lines = entry->run(session, arguments);
  if (arguments.has_more()) {
    throw std::runtime_error(fmt::format("{}: what is '{}'?", words.front(), arguments.next()));
  }
  return lines;
}

}  // namespace tests
