// The plain twin of floatsplit's join, shared by the scalar and the AVX2 file (see scatter_loops.h for why unnamed).
#pragma once
#include "floatsplit.h"

namespace spf {
namespace {

// Field `i` of `width` bits, up to 64 (9 bytes are read from where it starts).
inline uint64_t wide_field(const uint8_t* fields, uint64_t i, unsigned width) {
  const uint64_t bit = i * width;
  const unsigned skip = static_cast<unsigned>(bit % 8);
  uint64_t value = load<uint64_t>(fields + bit / 8) >> skip;
  if (skip + width > 64) value |= uint64_t{fields[bit / 8 + 8]} << (64 - skip);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

template <class Item>
void join_range(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t from, uint64_t to,
                uint8_t* values) {
  constexpr unsigned sign_bit = 8 * sizeof(Item) - 1;
  const uint64_t low_mask = (uint64_t{1} << split.shift) - 1;
  for (uint64_t i = from; i < to; ++i) {
    const uint64_t field = wide_field(fields, i, split.shift + 1u);
    const uint64_t high = (uint64_t{keys[i]} + split.base) << split.shift;
    const uint64_t value = high | (field & low_mask) | ((field >> split.shift) << sign_bit);
    store(values + i * sizeof(Item), static_cast<Item>(value));
  }
}

}  // namespace
}  // namespace spf
