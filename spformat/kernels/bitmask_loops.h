// Bitmask loops shared by the scalar and the vector files (see scatter_loops.h for why they are in an unnamed namespace).
#pragma once
#include <cstdint>

#include "block.h"

namespace spf {
namespace {

// Expands elements [start, elements); `values` is at the value of the first set bit at or after `start`.
template <class Item>
void expand_tail(const uint8_t* mask, const uint8_t* values, uint64_t start, uint64_t elements, Item* out) {
  for (uint64_t i = start; i < elements; ++i) {
    const bool set = (mask[i / 8] >> (i % 8)) & 1;
    out[i] = set ? load<Item>(values) : Item(0);
    values += set ? sizeof(Item) : 0;
  }
}

// Fills the words of the mask from the one that holds `start` (a multiple of 64) on. Elements lie at any address.
template <class Item>
void nonzero_mask_tail(const void* in, uint64_t start, uint64_t elements, uint64_t* mask) {
  for (uint64_t word = start / 64; word * 64 < elements; ++word) {
    const uint64_t end = elements - word * 64 < 64 ? elements - word * 64 : 64;
    const uint8_t* const from = static_cast<const uint8_t*>(in) + word * 64 * sizeof(Item);
    uint64_t bits = 0;
    for (uint64_t i = 0; i < end; ++i) bits |= uint64_t{!(load<Item>(from + i * sizeof(Item)) == Item(0))} << i;
    mask[word] = bits;
  }
}

inline uint64_t count_bits(const uint8_t* data, uint64_t bytes) {
  uint64_t count = 0, i = 0;
  for (; i + 8 <= bytes; i += 8) count += static_cast<uint64_t>(__builtin_popcountll(load<uint64_t>(data + i)));
  for (; i < bytes; ++i) count += static_cast<uint64_t>(__builtin_popcountll(data[i]));
  return count;
}

}  // namespace
}  // namespace spf
