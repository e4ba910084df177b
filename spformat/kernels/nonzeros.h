// Walking over the nonzeros of contiguous elements.
#pragma once
#include "simd.h"

namespace spf {

constexpr uint64_t kMaskElements = 4096;  // elements masked at a time; a multiple of 64

// Calls f(position) for each set bit, ascending. Bits at or beyond `count` are zero.
template <class F>
inline void for_each_bit(const uint64_t* words, uint64_t count, F&& f) {
  for (uint64_t word = 0; word * 64 < count; ++word) {
    for (uint64_t bits = words[word]; bits; bits &= bits - 1)
      f(word * 64 + static_cast<uint64_t>(__builtin_ctzll(bits)));
  }
}

// Calls f(position) for each nonzero, ascending.
template <class F>
inline void for_each_nonzero(const void* elements, unsigned itemsize, uint64_t count, F&& f) {
  const auto* bytes = static_cast<const uint8_t*>(elements);
  const NonzeroMask mask_of = simd().nonzero_mask[size_index(itemsize)];
  uint64_t mask[kMaskElements / 64];
  for (uint64_t start = 0; start < count; start += kMaskElements) {
    const uint64_t here = count - start < kMaskElements ? count - start : kMaskElements;
    mask_of(bytes + start * itemsize, here, mask);
    for_each_bit(mask, here, [&](uint64_t position) { f(start + position); });
  }
}

inline uint64_t count_nonzeros(const void* elements, unsigned itemsize, uint64_t count) {
  const auto* bytes = static_cast<const uint8_t*>(elements);
  const NonzeroMask mask_of = simd().nonzero_mask[size_index(itemsize)];
  uint64_t mask[kMaskElements / 64], total = 0;
  for (uint64_t start = 0; start < count; start += kMaskElements) {
    const uint64_t here = count - start < kMaskElements ? count - start : kMaskElements;
    mask_of(bytes + start * itemsize, here, mask);
    total += simd().count_bits(reinterpret_cast<const uint8_t*>(mask), (here + 63) / 64 * 8);
  }
  return total;
}

}  // namespace spf
