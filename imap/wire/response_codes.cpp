#include "imap/wire/response_codes.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace imap {
namespace {

/// Takes the next word off `text`, which is separated by single spaces: an empty word is one that
/// the server left out.
std::string_view next_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<std::uint64_t> number_of(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<Uid> uid_of(std::string_view word) {
  const auto number = number_of(word);
  if (!number || *number == 0 || *number > kMaxUid.value) return std::nullopt;
  return Uid{static_cast<std::uint32_t>(*number)};
}

}  // namespace

std::optional<CopyUid> copy_uid_in(const Status& status, const Limits& limits) {
  if (status.code != "COPYUID") return std::nullopt;
  std::string_view left = status.arguments;
  const auto uid_validity = number_of(next_word(left));
  const auto source = UidSet::parse(next_word(left), limits.uid_ranges);
  const auto target = UidSet::parse(next_word(left), limits.uid_ranges);
  if (!uid_validity || !source || !target) return std::nullopt;
  return CopyUid{UidValidity{*uid_validity}, *source, *target};
}

std::optional<AppendUid> append_uid_in(const Status& status) {
  if (status.code != "APPENDUID") return std::nullopt;
  std::string_view left = status.arguments;
  const auto uid_validity = number_of(next_word(left));
  const auto uid = uid_of(next_word(left));
  if (!uid_validity || *uid_validity == 0 || !uid) return std::nullopt;
  return AppendUid{UidValidity{*uid_validity}, *uid};
}

UidSet modified_in(const Status& status, const Limits& limits) {
  if (status.code != "MODIFIED") return {};
  std::string_view left = status.arguments;
  return UidSet::parse(next_word(left), limits.uid_ranges).value_or(UidSet{});
}

std::string mailbox_id_in(const Status& status) {
  if (status.code != "MAILBOXID") return {};
  std::string_view id = status.arguments;
  while (id.starts_with('(') || id.starts_with(' ')) id.remove_prefix(1);
  while (id.ends_with(')') || id.ends_with(' ')) id.remove_suffix(1);
  return id.size() > Limits{}.object_id ? std::string() : std::string(id);
}

std::optional<MessageLimit> message_limit_in(const Status& status) {
  if (status.code != "MESSAGELIMIT") return std::nullopt;
  std::string_view left = status.arguments;
  const auto most = number_of(next_word(left));
  if (!most) return std::nullopt;
  return MessageLimit{*most, uid_of(next_word(left)).value_or(Uid{})};
}

}  // namespace imap
