#include "imap/session/summary_rows.h"

#include "imap/base/errors.h"

#include <fmt/format.h>

namespace imap {

bool SummaryRows::take(FetchRow& row) {
  if (!row.uid || row.sections.empty() || !uids_.contains(*row.uid)) return false;
  MessageSummary summary;
  summary.uid = *row.uid;
  summary.flags = row.flags.value_or(Flags{});
  summary.size = row.size;
  summary.internal_date = std::move(row.internal_date);
  summary.modseq = row.modseq.value_or(ModSeq{});
  summary.email_id = std::move(row.email_id);
  summary.gmail_message = row.gmail_message;
  summary.gmail_thread = row.gmail_thread;
  summary.gmail_labels = std::move(row.gmail_labels);
  summary.header = std::move(row.sections.front().text).value_or("");
  const auto [place, is_new] = places_.emplace(summary.uid, rows_.size());
  if (!is_new) {
    rows_[place->second] = std::move(summary);
    return true;
  }
  if (rows_.size() >= most_) {
    throw ProtocolError(fmt::format("more than {} rows in one answer", most_));
  }
  rows_.push_back(std::move(summary));
  return true;
}

}  // namespace imap
