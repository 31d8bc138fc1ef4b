#include "imap/base/date.h"

#include "imap/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

namespace imap {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Walks the text. The first thing that does not fit makes `ok` false for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }

  bool try_char(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect_char(char wanted) { ok_ = try_char(wanted) && ok_; }

  /// A number of `least` to `most` digits.
  unsigned expect_number(std::size_t least, std::size_t most) {
    unsigned number = 0;
    std::size_t digits = 0;
    for (; digits < most && !text_.empty() && is_digit(text_.front()); ++digits) {
      number = number * 10 + static_cast<unsigned>(text_.front() - '0');
      text_.remove_prefix(1);
    }
    ok_ = ok_ && digits >= least;
    return number;
  }

  month expect_month() {
    const auto* const found = std::ranges::find_if(kMonths, [this](std::string_view name) {
      return std::ranges::equal(name, text_.substr(0, 3), {}, {},
                                [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    });
    ok_ = ok_ && found != kMonths.end();
    text_.remove_prefix(std::min<std::size_t>(3, text_.size()));
    return month{static_cast<unsigned>(found - kMonths.begin()) + 1};
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

/// Seconds east of Greenwich.
std::int64_t expect_zone(Scanner& scanner) {
  const bool west = scanner.try_char('-');
  if (!west) scanner.expect_char('+');
  const std::int64_t hours = scanner.expect_number(2, 2);
  const std::int64_t minutes = scanner.expect_number(2, 2);
  const auto offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parse_internal_date(std::string_view text) {
  Scanner scanner(text);
  scanner.skip_spaces();
  const auto in_month = scanner.expect_number(1, 2);
  scanner.expect_char('-');
  const auto of_year = scanner.expect_month();
  scanner.expect_char('-');
  const auto years = scanner.expect_number(4, 4);
  scanner.expect_char(' ');
  scanner.skip_spaces();
  const auto hours = scanner.expect_number(2, 2);
  scanner.expect_char(':');
  const auto minutes = scanner.expect_number(2, 2);
  scanner.expect_char(':');
  const auto seconds = scanner.expect_number(2, 2);
  scanner.skip_spaces();
  std::int64_t zone = 0;
  if (!scanner.at_end()) zone = expect_zone(scanner);
  scanner.skip_spaces();
  if (!scanner.ok() || !scanner.at_end()) return std::nullopt;

  const year_month_day date{year{static_cast<int>(years)}, of_year, day{in_month}};
  if (years == 0 || !date.ok() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  return days * 86400 + hours * 3600 + minutes * 60 + seconds - zone;
}

std::string format_internal_date(std::int64_t unix_seconds) {
  using std::chrono::seconds;
  const auto days =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_time<seconds>(seconds(unix_seconds)));
  constexpr sys_days kFirst = year{1000} / 1 / 1;
  constexpr sys_days kLast = year{9999} / 12 / 31;
  if (days < kFirst || days > kLast) throw std::invalid_argument("a date beyond what IMAP can say");
  const year_month_day date(days);
  const std::chrono::hh_mm_ss time(seconds(unix_seconds) - days.time_since_epoch());
  std::string name(kMonths.at(unsigned{date.month()} - 1));
  name[0] = ascii_upper(name[0]);
  return fmt::format("{:2}-{}-{} {:02}:{:02}:{:02} +0000", unsigned{date.day()}, name,
                     int{date.year()}, time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

}  // namespace imap
