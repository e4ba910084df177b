// floatsplit (spec/format.md, section 7.4): the leading magnitude bits of a value as a key, the rest as a field of
// shift + 1 bits (low bits, then the sign).
#pragma once
#include "block.h"

namespace spf {

struct Split {
  uint8_t shift;
  uint32_t base;
};

// values[i] = sign and low bits of field i | (keys[i] + base) << shift. `fields` may be read
// 64 bytes beyond its end; nothing is written beyond the values.
using Join = void (*)(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values);

void join_avx2_8(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values);
void join_avx2_16(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values);
void join_avx2_32(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values);
void join_avx2_64(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values);

// An escaped value: its leading bits are `high`, whatever its key was.
template <class Item>
inline void replace_high(uint8_t* value, unsigned shift, uint64_t high) {
  constexpr unsigned sign_bit = 8 * sizeof(Item) - 1;
  const Item old = load<Item>(value);
  const Item kept = static_cast<Item>(old & ((Item{1} << sign_bit) | ((Item{1} << shift) - 1)));
  store(value, static_cast<Item>(kept | static_cast<Item>(high << shift)));
}

template <class Item>
inline uint64_t high_of(Item value, unsigned shift) {
  constexpr unsigned sign_bit = 8 * sizeof(Item) - 1;
  return static_cast<uint64_t>(static_cast<Item>(value & ((Item{1} << sign_bit) - 1))) >> shift;
}

template <class Item>
inline uint64_t field_of(Item value, unsigned shift) {
  constexpr unsigned sign_bit = 8 * sizeof(Item) - 1;
  const uint64_t bits = value;
  return (bits & ((uint64_t{1} << shift) - 1)) | ((bits >> sign_bit) << shift);
}

}  // namespace spf
