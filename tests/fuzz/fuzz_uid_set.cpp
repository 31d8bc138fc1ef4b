// What is read as a UID set keeps its form, and the operations on two of them agree.
#include "imap/base/uid_set.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using imap::UidSet;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_form(const UidSet& set) {
  std::uint64_t free_from = 1;
  for (const auto& range : set.ranges()) {
    require(range.first.value >= free_from && range.first <= range.last);
    free_from = std::uint64_t{range.last.value} + 2;
  }
  require(UidSet::parse(set.to_string(), set.ranges().size()) == set);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto split = text.find(';');
  const auto a = UidSet::parse(text.substr(0, split), 1000);
  const auto b = UidSet::parse(split == std::string_view::npos ? "" : text.substr(split + 1), 1000);
  if (!a || !b) return 0;
  check_form(*a);
  check_form(*b);
  const auto both = a->intersected(*b);
  const auto only_a = a->without(*b);
  auto all = *a;
  all.add(*b);
  check_form(both);
  check_form(only_a);
  check_form(all);
  require(both == b->intersected(*a));
  require(both.size() + only_a.size() == a->size());
  require(all.size() == a->size() + b->size() - both.size());
  for (const auto& range : both.ranges()) {
    require(a->contains(range.first) && b->contains(range.last));
  }
  if (!a->empty()) {
    const auto middle = a->highest(a->size() / 2);
    check_form(middle);
    require(middle.size() == a->size() / 2);
    check_form(a->below(a->back()));
    require(a->below(a->back()).size() == a->size() - 1);
  }
  return 0;
}
