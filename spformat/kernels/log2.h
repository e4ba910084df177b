// Logarithms of counts, most of which are small.
#pragma once
#include <cmath>
#include <cstdint>

namespace spf {

class Log2 {
 public:
  Log2() {
    for (uint64_t n = 1; n <= kLargest; ++n) of_[n] = std::log2(static_cast<double>(n));
  }
  double operator()(uint64_t n) const { return n <= kLargest ? of_[n] : std::log2(static_cast<double>(n)); }

 private:
  static constexpr uint64_t kLargest = 4096;
  double of_[kLargest + 1] = {};  // of 0: 0, because its multiples are what is asked for
};

inline const Log2 log2_of;

// n * log2(n): entropies of counts are differences of such. 0 for 0.
inline double n_log2_n(uint64_t n) { return static_cast<double>(n) * log2_of(n); }

}  // namespace spf
