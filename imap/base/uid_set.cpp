#include "imap/base/uid_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace imap {
namespace {

/// One end of a range. Nothing unless the text is a number of 32 bits.
std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<UidSet> UidSet::parse(std::string_view text, std::size_t max_ranges) {
  std::vector<UidRange> elements;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto element = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (element.empty()) continue;
    if (elements.size() >= max_ranges) return std::nullopt;
    const auto colon = element.find(':');
    const auto first = parse_number(element.substr(0, colon));
    const auto last =
        colon == std::string_view::npos ? first : parse_number(element.substr(colon + 1));
    if (!first || !last) return std::nullopt;
    const auto [low, high] = std::minmax(*first, *last);
    elements.push_back({Uid{low}, Uid{high}});
  }
  // Sorted first: adding in descending order is quadratic, and a server may do that to us.
  std::ranges::sort(elements);
  UidSet set;
  for (const auto& element : elements) set.add(element.first, element.last);
  return set;
}

void UidSet::add(Uid first, Uid last) {
  if (first.value == 0) first.value = 1;
  if (last < first) return;
  // The first range that overlaps or touches [first, last]: its end is at least first - 1.
  if (ranges_.empty() || ranges_.back().last.value < first.value - 1) {
    ranges_.push_back({first, last});
    return;
  }
  const auto begin = std::lower_bound(
      ranges_.begin(), ranges_.end(), first.value - 1,
      [](const UidRange& range, std::uint32_t value) { return range.last.value < value; });
  auto end = begin;
  while (end != ranges_.end() && end->first.value - 1 <= last.value) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
    ++end;
  }
  if (begin == end) {
    ranges_.insert(begin, {first, last});
  } else {
    *begin = {first, last};
    ranges_.erase(std::next(begin), end);
  }
}

void UidSet::add(const UidSet& other) {
  for (const auto& range : other.ranges_) add(range.first, range.last);
}

bool UidSet::contains(Uid uid) const {
  const auto at =
      std::lower_bound(ranges_.begin(), ranges_.end(), uid,
                       [](const UidRange& range, Uid wanted) { return range.last < wanted; });
  return at != ranges_.end() && at->first <= uid;
}

std::uint64_t UidSet::size() const {
  std::uint64_t count = 0;
  for (const auto& range : ranges_) {
    count += std::uint64_t{range.last.value} - range.first.value + 1;
  }
  return count;
}

UidSet UidSet::without(const UidSet& other) const {
  UidSet left;
  auto hole = other.ranges_.begin();
  for (auto range : ranges_) {
    while (hole != other.ranges_.end() && hole->last < range.first) ++hole;
    auto cut = hole;
    bool used_up = false;
    while (cut != other.ranges_.end() && cut->first <= range.last) {
      if (range.first < cut->first) left.add(range.first, Uid{cut->first.value - 1});
      if (cut->last >= range.last) {
        used_up = true;
        break;
      }
      range.first = Uid{cut->last.value + 1};
      ++cut;
    }
    if (!used_up) left.add(range.first, range.last);
  }
  return left;
}

UidSet UidSet::intersected(const UidSet& other) const {
  UidSet both;
  auto theirs = other.ranges_.begin();
  for (const auto& range : ranges_) {
    while (theirs != other.ranges_.end() && theirs->last < range.first) ++theirs;
    for (auto at = theirs; at != other.ranges_.end() && at->first <= range.last; ++at) {
      both.add(std::max(range.first, at->first), std::min(range.last, at->last));
    }
  }
  return both;
}

UidSet UidSet::highest(std::uint64_t count) const {
  UidSet top;
  auto at = ranges_.end();
  while (at != ranges_.begin() && count > 0) {
    --at;
    const auto width = std::uint64_t{at->last.value} - at->first.value + 1;
    const auto taken = std::min(width, count);
    count -= taken;
    top.ranges_.push_back({Uid{static_cast<std::uint32_t>(at->last.value - taken + 1)}, at->last});
  }
  std::reverse(top.ranges_.begin(), top.ranges_.end());
  return top;
}

UidSet UidSet::below(Uid uid) const {
  UidSet low;
  for (const auto& range : ranges_) {
    if (range.first >= uid) break;
    low.ranges_.push_back({range.first, std::min(range.last, Uid{uid.value - 1})});
  }
  return low;
}

std::string UidSet::to_string() const {
  std::string text;
  for (const auto& range : ranges_) {
    if (!text.empty()) text += ',';
    if (range.first == range.last) {
      fmt::format_to(std::back_inserter(text), "{}", range.first.value);
    } else {
      fmt::format_to(std::back_inserter(text), "{}:{}", range.first.value, range.last.value);
    }
  }
  return text;
}

}  // namespace imap
