// Questions about many messages, asked in one go where they do not depend on each other.

#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/summary_rows.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace imap {

void Session::ask(std::deque<Question> questions, const Collect& collect) {
  std::deque<std::pair<std::string, Question>> in_flight;
  std::exception_ptr refused;
  while (!in_flight.empty() || (!refused && !questions.empty())) {
    while (!refused && !questions.empty() && in_flight.size() < kCommandsAhead) {
      auto question = std::move(questions.front());
      questions.pop_front();
      auto tag = send(question.command(question.uids));
      in_flight.emplace_back(std::move(tag), std::move(question));
    }
    auto [tag, question] = std::move(in_flight.front());
    in_flight.pop_front();
    const auto answer = outcome(tag, collect);
    try {
      check(answer, question.what);
    } catch (const CommandError&) {
      // The answers to what was sent ahead have to be taken in first.
      if (!refused) refused = std::current_exception();
      continue;
    }
    question.uids = left_by_limit(answer, question.uids);
    if (!question.uids.empty()) questions.push_front(std::move(question));
  }
  if (refused) std::rethrow_exception(refused);
}

Findings Session::inquire(const Inquiry& inquiry) {
  Findings findings;
  const auto& limits = connection_.settings().limits;
  SummaryRows rows(inquiry.summaries, limits.list_items);
  const auto collect = [&](Response& response) {
    if (auto* row = std::get_if<FetchRow>(&response)) {
      if (rows.take(*row) || !row->uid || !row->flags) return;
      if (!row->sections.empty() || !inquiry.flags.contains(*row->uid)) return;
      findings.flags.insert_or_assign(
          *row->uid, FlagUpdate{std::move(*row->flags), row->modseq.value_or(ModSeq{})});
    } else if (const auto* result = std::get_if<SearchResult>(&response)) {
      const auto ranges = findings.found.ranges().size() + result->uids.ranges().size();
      if (ranges > limits.uid_ranges) {
        throw ProtocolError(fmt::format("more than {} ranges of UIDs found", limits.uid_ranges));
      }
      findings.found.add(result->uids);
    }
  };
  auto questions = flag_questions(inquiry.flags, inquiry.flags_since);
  if (!inquiry.summaries.empty()) questions.push_back(summary_question(inquiry.summaries));
  for (auto& question : search_questions(inquiry.search)) questions.push_back(std::move(question));
  const OpenMailbox::Expected expected(open_, inquiry.flags);
  ask(std::move(questions), collect);
  findings.summaries = rows.release();
  findings.found = findings.found.intersected(inquiry.search);
  return findings;
}

}  // namespace imap
