// Codes -> values, the plain twin, shared by the scalar and the vector files (see scatter_loops.h for why unnamed).
#pragma once
#include "block.h"

namespace spf {
namespace {

// values[i] = book[codes[i]]. `book` has 256 patterns; `codes` are below `patterns`.
template <class Item>
void look_up_plain(const void* book, unsigned, const uint8_t* codes, uint64_t count, uint8_t* values) {
  Item patterns[256];  // a copy, of which the compiler knows that the values are not written into it
  std::memcpy(patterns, book, sizeof patterns);
  uint64_t i = 0;
  for (; i + 8 <= count; i += 8, values += 8 * sizeof(Item)) {
    const auto eight = load<uint64_t>(codes + i);
    for (unsigned k = 0; k < 8; ++k) store(values + k * sizeof(Item), patterns[eight >> (8 * k) & 255]);
  }
  for (; i < count; ++i, values += sizeof(Item)) store(values, patterns[codes[i]]);
}

}  // namespace
}  // namespace spf
