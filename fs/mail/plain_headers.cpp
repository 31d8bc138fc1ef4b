#include "fs/mail/plain_headers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace fs {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters of other scripts are octets of UTF-8.
bool is_of_word(char c) {
  return is_alphanumeric(c) || c == ' ' || c == '-' || c == '_' || c == '\'' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_of_quoted(char c) {
  return is_of_word(c) || c == '.' || c == ',' || c == '(' || c == ')' || c == '&' || c == '/';
}

bool is_of_address(char c) {
  return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool is_plain_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return false;
  const auto is_dotted = [](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.back() != '.' &&
           part.find("..") == std::string_view::npos && std::ranges::all_of(part, is_of_address);
  };
  return is_dotted(text.substr(0, at)) && is_dotted(text.substr(at + 1));
}

/// Takes words and numbers off the front of a text.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::string_view until(char end) {
    const auto at = std::min(text_.find(end), text_.size());
    const auto word = text_.substr(0, at);
    text_.remove_prefix(std::min(at + 1, text_.size()));
    return word;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

std::optional<int> number(std::string_view digits, std::size_t least, std::size_t most) {
  int value = 0;
  if (digits.size() < least || digits.size() > most) return std::nullopt;
  const auto* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0) return std::nullopt;
  return value;
}

std::optional<unsigned> month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// `+0130`, in minutes.
std::optional<int> zone_of(std::string_view text) {
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto hours = number(text.substr(1, 2), 2, 2);
  const auto minutes = number(text.substr(3, 2), 2, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  const int east = *hours * 60 + *minutes;
  return text[0] == '-' ? -east : east;
}

}  // namespace

std::optional<PlainSender> plain_sender(std::string_view text) {
  text = without_spaces(text);
  if (is_plain_address(text)) return PlainSender{{}, text};
  const auto open = text.find('<');
  if (open == std::string_view::npos || !text.ends_with('>')) return std::nullopt;
  const auto address = text.substr(open + 1, text.size() - open - 2);
  if (!is_plain_address(address)) return std::nullopt;
  auto name = without_spaces(text.substr(0, open));
  const bool is_quoted = name.size() >= 2 && name.front() == '"' && name.back() == '"';
  if (is_quoted) name = name.substr(1, name.size() - 2);
  if (!std::ranges::all_of(name, is_quoted ? is_of_quoted : is_of_word)) return std::nullopt;
  return PlainSender{name, address};
}

std::optional<std::int64_t> plain_date(std::string_view text) {
  if (text.size() > 4 && text[3] == ',' && text[4] == ' ') text.remove_prefix(5);
  Words words(text);
  const auto day = number(words.until(' '), 1, 2);
  const auto month = month_of(words.until(' '));
  const auto year = number(words.until(' '), 4, 4);
  const auto hour = number(words.until(':'), 2, 2);
  const auto minute = number(words.until(':'), 2, 2);
  const auto second = number(words.until(' '), 2, 2);
  const auto zone = zone_of(words.rest());
  if (!day || !month || !year || !hour || !minute || !second || !zone) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto midnight = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(midnight).count() + *hour * 3600 + (*minute - *zone) * 60 + *second;
}

}  // namespace fs
