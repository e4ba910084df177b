// Expansion of elements of one and two bytes, a register of them at a time: VBMI2, as Ice Lake and Zen 4 have it. The other
// loops are those of AVX-512. Files whose names end in _vbmi2 are compiled for all of these instructions.
#include <immintrin.h>

#include "bitmask_loops.h"
#include "simd.h"

namespace spf {
namespace {

// Stored values may end 48 bytes before the memory does: no more are read than the mask says.
inline __m512i expand(__mmask32 mask, const uint8_t* from) { return _mm512_maskz_expandloadu_epi16(mask, from); }
inline __m512i expand(__mmask64 mask, const uint8_t* from) { return _mm512_maskz_expandloadu_epi8(mask, from); }

template <class Item, class Mask>
void expand_vbmi2(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out) {
  constexpr uint64_t kCount = 8 * sizeof(Mask);
  static_assert(kCount * sizeof(Item) == sizeof(__m512i));
  Item* const to = static_cast<Item*>(out);
  const uint64_t whole = elements / kCount;
  for (uint64_t i = 0; i < whole; ++i) {
    const auto m = load<Mask>(mask + sizeof(Mask) * i);
    _mm512_storeu_si512(to + kCount * i, expand(m, values));
    values += static_cast<uint64_t>(_mm_popcnt_u64(m)) * sizeof(Item);
  }
  expand_tail<Item>(mask, values, kCount * whole, elements, to);
}

}  // namespace

Simd with_vbmi2(const Simd& avx512) {
  Simd table = avx512;
  table.name = "vbmi2";
  table.expand[size_index(1)] = expand_vbmi2<uint8_t, __mmask64>;
  table.expand[size_index(2)] = expand_vbmi2<uint16_t, __mmask32>;
  return table;
}

}  // namespace spf
