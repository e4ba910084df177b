// Bits -> codes -> values, the plain twins, shared by the scalar and the vector files (see scatter_loops.h for why unnamed).
#pragma once
#include "bits.h"
#include "block.h"

namespace spf {
namespace {

// eight(bits of eight codes) spreads them to bytes. They are as many bytes as a code has bits.
template <class Eight>
void unpack_codes_by(const Eight& eight, const uint8_t* packed, unsigned width, uint64_t count, uint8_t* codes) {
  uint64_t i = 0;
  for (; i + 8 <= count; i += 8, packed += width) store(codes + i, eight(load<uint64_t>(packed)));
  for (uint64_t k = 0; i < count; ++i, ++k) codes[i] = static_cast<uint8_t>(bits_at(packed, k, width));
}

// The upper four of eight codes move to the upper half, of each half the upper two to its upper half, and of these the
// upper one.
inline void unpack_codes_plain(const uint8_t* packed, unsigned width, uint64_t count, uint8_t* codes) {
  const uint64_t four = (uint64_t{1} << (4 * width)) - 1;
  const uint64_t twos = ((uint64_t{1} << (2 * width)) - 1) * 0x0000000100000001;
  const uint64_t ones = ((uint64_t{1} << width) - 1) * 0x0001000100010001;
  const auto spread = [=](uint64_t eight) {
    eight = (eight & four) | (eight >> (4 * width) & four) << 32;
    eight = (eight & twos) | (eight >> (2 * width) & twos) << 16;
    return (eight & ones) | (eight >> width & ones) << 8;
  };
  unpack_codes_by(spread, packed, width, count, codes);
}

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
