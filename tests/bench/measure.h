#pragma once
/// What the benchmarks share: how long something takes, and the median of several runs.

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Times {
  double ours;
  double yardstick;
};

/// Medians of both, measured in turn, so that a busy moment of the machine hits both.
inline Times medians(int runs, const std::function<void()>& ours,
                     const std::function<void()>& yardstick) {
  std::vector<double> of_ours;
  std::vector<double> of_yardstick;
  for (int i = 0; i < runs; ++i) {
    of_yardstick.push_back(seconds_of(yardstick));
    of_ours.push_back(seconds_of(ours));
  }
  return {median(of_ours), median(of_yardstick)};
}

}  // namespace bench
