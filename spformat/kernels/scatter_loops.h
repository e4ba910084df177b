// Decoding of gap codes in the writer's default form, as templates: included by the scalar and the AVX2 file, each
// in its own unnamed namespace so that code compiled for AVX2 never serves the scalar table.
#pragma once
#include <algorithm>
#include <cstdint>

#include "block.h"

namespace spf {
namespace {

constexpr unsigned kChunk = 256;  // codes unpacked at a time; a multiple of 8

template <class Unpack>
inline void unpack_chunk(const Unpack& unpack, const uint8_t* gaps, uint64_t start, unsigned count, uint16_t* codes) {
  const uint8_t* from = gaps + start / 8 * unpack.bits;
  for (unsigned i = 0; i < count; i += 8, from += unpack.bits) unpack(from, codes + i);
}

inline uint64_t sum_of(const uint16_t* codes, unsigned count) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < count; ++i) sum += codes[i];
  return sum;
}

// The first code whose position falls outside; only for the error.
inline Failure position_failure(const uint16_t* codes, unsigned count, uint64_t next, uint64_t elements) {
  for (unsigned i = 0; i < count; ++i) {
    next += codes[i];
    if (next >= elements) break;
    ++next;
  }
  return {Status::csr_position, elements, next};
}

template <class Item, class Unpack>
Failure scatter_filler(const Block& block, unsigned width, const uint8_t* gaps, const uint8_t* values, void* out) {
  const Unpack unpack(width);
  const uint32_t most = (1u << block.bits) - 1;
  Item* const to = static_cast<Item*>(out);
  uint16_t codes[kChunk + 8];
  uint64_t next = 0, zeros = 0;  // `next` is the position after the last entry
  for (uint64_t start = 0; start < block.entries; start += kChunk) {
    const unsigned count = static_cast<unsigned>(std::min<uint64_t>(kChunk, block.entries - start));
    unpack_chunk(unpack, gaps, start, count, codes);
    const uint8_t* from = values + start * sizeof(Item);
    if (next + sum_of(codes, count) + count > block.elements)
      return position_failure(codes, count, next, block.elements);
    unsigned zeros_here = 0, stray = 0;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned zero = load<Item>(from + i * sizeof(Item)) == Item(0);
      zeros_here += zero;
      stray += zero & (codes[i] != most);
    }
    if (stray) return {Status::csr_zero, 0, stray};
    for (unsigned i = 0; i < count; ++i) {
      next += codes[i];
      to[next++] = load<Item>(from + i * sizeof(Item));
    }
    zeros += zeros_here;
  }
  if (block.entries && load<Item>(values + (block.entries - 1) * sizeof(Item)) == Item(0))
    return {Status::csr_last, 0, block.entries - 1};
  if (block.entries - zeros != block.nonzeros) return {Status::csr_nonzeros, block.nonzeros, block.entries - zeros};
  return {};
}

template <class Item, class Unpack>
Failure scatter_escape(const Block& block, unsigned width, const uint8_t* gaps, const uint8_t* values, void* out) {
  const Unpack unpack(width);
  const uint32_t escape = (1u << block.bits) - 1;
  Item* const to = static_cast<Item*>(out);
  uint16_t codes[kChunk + 8];
  uint64_t next = 0, taken = 0;  // `next` is the position after the last entry; an escape advances it by its code
  for (uint64_t start = 0; start < block.entries; start += kChunk) {
    const unsigned count = static_cast<unsigned>(std::min<uint64_t>(kChunk, block.entries - start));
    unpack_chunk(unpack, gaps, start, count, codes);
    unsigned real = 0;
    for (unsigned i = 0; i < count; ++i) real += codes[i] != escape;
    if (taken + real > block.nonzeros) return {Status::csr_nonzeros, block.nonzeros, taken + real};
    if (next + sum_of(codes, count) + real > block.elements)
      return position_failure(codes, count, next, block.elements);
    const uint8_t* from = values + taken * sizeof(Item);
    unsigned zeros = 0;
    for (unsigned i = 0; i < real; ++i) zeros += load<Item>(from + i * sizeof(Item)) == Item(0);
    if (zeros) return {Status::csr_zero, 0, zeros};
    // Without a branch: an escape stores a zero at the last position that it skips, which is zero anyway.
    for (unsigned i = 0; i < count; ++i) {
      const bool value = codes[i] != escape;
      next += codes[i] + value;
      to[next - 1] = value ? load<Item>(from) : Item(0);
      from += value ? sizeof(Item) : 0;
    }
    taken += real;
    if (start + count == block.entries && codes[count - 1] == escape) return {Status::csr_last, 0, block.entries - 1};
  }
  if (taken != block.nonzeros) return {Status::csr_nonzeros, block.nonzeros, taken};
  return {};
}

}  // namespace
}  // namespace spf
