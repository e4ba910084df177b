// Lanes of a rANS decoder in AVX2 registers, eight in each. For the files that are compiled for AVX2 and AVX-512 alone;
// unnamed, so that it never serves others (see scatter_loops.h).
#pragma once
#include <immintrin.h>

#include "rans.h"

namespace spf {
namespace {

struct Spread {
  alignas(32) uint32_t lanes[256][8];  // for each mask byte: which of the next words each of 8 lanes takes
};

constexpr Spread make_spread() {
  Spread s{};
  for (int m = 0; m < 256; ++m) {
    for (int lane = 0, rank = 0; lane < 8; ++lane) {
      s.lanes[m][lane] = static_cast<uint32_t>(rank);
      rank += (m >> lane) & 1;
    }
  }
  return s;
}

constexpr Spread kSpread = make_spread();

// Eight loads rather than a gather: the gather of many processors is slow since its microcode was mended (Downfall,
// CVE-2022-40982: 13 to 18 ns against 3.5 where this was measured), and hardly faster on the others. Each load fills a
// whole register and a blend picks its lane, because blends run on more ports than shuffles.
inline __m256i look_up(const uint32_t* slots, __m256i index) {
  const uint64_t pairs[4] = {
      static_cast<uint64_t>(_mm256_extract_epi64(index, 0)), static_cast<uint64_t>(_mm256_extract_epi64(index, 1)),
      static_cast<uint64_t>(_mm256_extract_epi64(index, 2)), static_cast<uint64_t>(_mm256_extract_epi64(index, 3))};
  const auto low = [&](int pair) { return _mm256_set1_epi32(load<int>(slots + static_cast<uint32_t>(pairs[pair]))); };
  const auto high = [&](int pair) { return _mm256_set1_epi32(load<int>(slots + (pairs[pair] >> 32))); };
  const __m256i ab = _mm256_blend_epi32(low(0), high(0), 0x02), cd = _mm256_blend_epi32(low(1), high(1), 0x08);
  const __m256i ef = _mm256_blend_epi32(low(2), high(2), 0x20), gh = _mm256_blend_epi32(low(3), high(3), 0x80);
  return _mm256_blend_epi32(_mm256_blend_epi32(ab, cd, 0x0C), _mm256_blend_epi32(ef, gh, 0xC0), 0xF0);
}

// One symbol of each of 8 lanes; the symbols come in the low bytes of the result, other bits above them. The load of 8
// words may look at 14 bytes more than it takes, which the slack allows.
[[gnu::always_inline]] inline __m256i eight_symbols(__m256i& state, const uint32_t* slots, __m256i table, const uint8_t*& words) {
  const __m256i slot_mask = _mm256_set1_epi32(kSlots - 1);
  const __m256i index = _mm256_add_epi32(table, _mm256_and_si256(state, slot_mask));
  const __m256i slot = look_up(slots, index);
  const __m256i frequency = _mm256_add_epi32(_mm256_srli_epi32(slot, 20), _mm256_set1_epi32(1));
  const __m256i offset = _mm256_and_si256(_mm256_srli_epi32(slot, 8), slot_mask);
  const __m256i next =
      _mm256_add_epi32(_mm256_mullo_epi32(frequency, _mm256_srli_epi32(state, kSlotBits)), offset);
  const __m256i low = _mm256_cmpeq_epi32(_mm256_srli_epi32(next, 16), _mm256_setzero_si256());
  const unsigned mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(low)));
  const __m256i fresh = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words)));
  const __m256i take = _mm256_load_si256(reinterpret_cast<const __m256i*>(kSpread.lanes[mask]));
  const __m256i refill = _mm256_or_si256(_mm256_slli_epi32(next, 16), _mm256_permutevar8x32_epi32(fresh, take));
  state = _mm256_blendv_epi8(next, refill, low);
  words += 2 * static_cast<unsigned>(_mm_popcnt_u32(mask));
  return slot;
}

inline __m256i table_base(const Contexts& contexts, uint64_t at) {
  if (!contexts.tables) return _mm256_set1_epi32(contexts.single << kSlotBits);
  const __m128i tables = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(contexts.tables + at));
  return _mm256_slli_epi32(_mm256_cvtepu8_epi32(tables), kSlotBits);
}

// The low bytes of kVectors vectors, 8 symbols each.
template <int kVectors>
inline void store_symbols(const __m256i out[4], uint8_t* to) {
  const __m256i byte = _mm256_set1_epi32(0xFF);
  const __m256i ab = _mm256_packus_epi32(_mm256_and_si256(out[0], byte), _mm256_and_si256(out[1], byte));
  const __m256i cd = _mm256_packus_epi32(_mm256_and_si256(out[2], byte), _mm256_and_si256(out[3], byte));
  const __m256i packed = _mm256_packus_epi16(ab, cd);  // 4-byte groups a0 b0 c0 d0 a1 b1 c1 d1
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(packed, order);
  if constexpr (kVectors == 4) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
  if constexpr (kVectors == 2) _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
  if constexpr (kVectors == 1) _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
}

// 8 * kVectors lanes.
template <int kVectors>
struct Vectors {
  static constexpr unsigned kCount = 8 * kVectors;
  struct Constants {};
  __m256i state[kVectors];

  void read(const uint32_t* from) {
    for (int v = 0; v < kVectors; ++v) state[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 8 * v));
  }
  void write(uint32_t* to) const {
    for (int v = 0; v < kVectors; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8 * v), state[v]);
  }

  [[gnu::always_inline]] inline void step(const DecodeModel* models, const Contexts& contexts, uint64_t at,
                                          const uint8_t*& words, uint8_t* symbols, const Constants&) {
    __m256i out[4] = {};
    for (int v = 0; v < kVectors; ++v)
      out[v] = eight_symbols(state[v], models->slots, table_base(contexts, at + 8 * static_cast<unsigned>(v)), words);
    store_symbols<kVectors>(out, symbols);
  }
};

}  // namespace
}  // namespace spf
