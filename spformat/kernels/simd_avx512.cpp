// AVX-512 variants of some loops in simd.h, sixteen elements at a time; the others are those of AVX2. Files whose names end in
// _avx512 are compiled for these instructions, as Skylake-X and Zen 4 have them: F, BW, DQ and VL.
#include <immintrin.h>

#include "bitmask_loops.h"
#include "join_loops.h"
#include "scale_loops.h"
#include "simd.h"

namespace spf {
namespace {

// Sixteen elements in 32-bit lanes: those of a mask, taken from the next ones in memory, and written.
template <class Item>
struct Sixteen;

template <>
struct Sixteen<uint32_t> {
  // Stored values may end 48 bytes before the memory does: no more are read than the mask says.
  static __m512i expand(__mmask16 mask, const uint8_t* from) { return _mm512_maskz_expandloadu_epi32(mask, from); }
  static void write(void* to, __m512i v) { _mm512_storeu_si512(to, v); }
};

template <>
struct Sixteen<uint16_t> {
  static __m512i expand(__mmask16 mask, const uint8_t* from) {
    const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_maskz_expand_epi32(mask, _mm512_cvtepu16_epi32(next));
  }
  static void write(void* to, __m512i v) {
    _mm256_storeu_si256(static_cast<__m256i*>(to), _mm512_cvtepi32_epi16(v));
  }
};

template <class Item>
void expand_avx512(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out) {
  Item* const to = static_cast<Item*>(out);
  const uint64_t whole = elements / 16;
  for (uint64_t i = 0; i < whole; ++i) {
    const auto m = load<uint16_t>(mask + 2 * i);
    Sixteen<Item>::write(to + 16 * i, Sixteen<Item>::expand(m, values));
    values += static_cast<unsigned>(_mm_popcnt_u32(m)) * sizeof(Item);
  }
  expand_tail<Item>(mask, values, 16 * whole, elements, to);
}

// Sixteen fields of up to 25 bits that start at a byte. Each quarter of a register takes the 16 bytes that hold four of them,
// and a byte shuffle brings each field into its own lane.
class Fields {
 public:
  explicit Fields(unsigned width) : mask_(_mm512_set1_epi32(static_cast<int>((1u << width) - 1))) {
    alignas(64) uint8_t bytes[64];
    alignas(64) uint32_t skip[16];
    for (unsigned i = 0; i < 16; ++i) {
      start_[i / 4] = i / 4 * 4 * width / 8;
      const unsigned bit = i * width - 8 * start_[i / 4];
      for (unsigned b = 0; b < 4; ++b) bytes[4 * i + b] = static_cast<uint8_t>(bit / 8 + b);
      skip[i] = bit % 8;
    }
    shuffle_ = _mm512_load_si512(bytes);
    skip_ = _mm512_load_si512(skip);
  }

  __m512i at(const uint8_t* from) const {
    const auto quarter = [&](unsigned q) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + start_[q])); };
    const __m256i low = _mm256_set_m128i(quarter(1), quarter(0)), high = _mm256_set_m128i(quarter(3), quarter(2));
    const __m512i four = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    return _mm512_and_si512(_mm512_srlv_epi32(_mm512_shuffle_epi8(four, shuffle_), skip_), mask_);
  }

 private:
  __m512i shuffle_, skip_, mask_;
  unsigned start_[4];  // byte at which each four fields start
};

template <class Item>
void join_avx512(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  const unsigned width = split.shift + 1u;
  uint64_t i = 0;
  if (width <= 25) {
    const Fields at(width);
    const __m512i base = _mm512_set1_epi32(static_cast<int>(split.base));
    const __m512i low = _mm512_set1_epi32(static_cast<int>((1u << split.shift) - 1));
    const __m128i shift = _mm_cvtsi32_si128(split.shift), to_sign = _mm_cvtsi32_si128(8 * sizeof(Item) - 1);
    for (; i + 16 <= count; i += 16) {
      const __m512i field = at.at(fields + i / 8 * width);
      const __m512i key = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(keys + i)));
      const __m512i high = _mm512_sll_epi32(_mm512_add_epi32(key, base), shift);
      const __m512i sign = _mm512_sll_epi32(_mm512_srl_epi32(field, shift), to_sign);
      const __m512i v = _mm512_or_si512(_mm512_or_si512(_mm512_and_si512(field, low), sign), high);
      Sixteen<Item>::write(values + i * sizeof(Item), v);
    }
  }
  join_range<Item>(split, keys, fields, i, count, values);
}

// Those of sixteen that are left, of which there are fewer.
inline __mmask16 among(uint64_t left) { return static_cast<__mmask16>((1u << left) - 1); }

// Most runs are short: their tails are done with a mask. To store with one takes many times as long as without.
template <bool kWraps>
class RunAvx512 {
 public:
  explicit RunAvx512(const Scaling& scaling)
      : scale_(_mm512_set1_ps(scaling.scale)), top_(_mm512_set1_ps(scaling.top)), modulus_(_mm512_set1_ps(scaling.modulus)) {}

  void scale(uint64_t count, uint8_t* values) const {
    for (; count >= 16; count -= 16, values += 64) _mm512_storeu_ps(values, of(_mm512_loadu_ps(values)));
    if (count == 0) return;
    const __mmask16 left = among(count);
    _mm512_mask_storeu_ps(values, left, of(_mm512_maskz_loadu_ps(left, values)));
  }

  const uint8_t* expand(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values, uint8_t* out) const {
    const auto next = [&](__mmask16 here) {
      const auto m = static_cast<__mmask16>(load<uint32_t>(mask + first / 8) >> (first % 8) & here);
      const __m512 found = of(_mm512_loadu_ps(values));  // before they are expanded: afterwards it takes longer
      values += 4 * static_cast<unsigned>(_mm_popcnt_u32(m));
      return _mm512_maskz_expand_ps(m, found);
    };
    for (; count >= 16; count -= 16, first += 16, out += 64) _mm512_storeu_ps(out, next(0xFFFF));
    if (count) _mm512_mask_storeu_ps(out, among(count), next(among(count)));
    return values;
  }

 private:
  __m512 of(__m512 steps) const {
    if constexpr (kWraps)
      steps = _mm512_mask_sub_ps(steps, _mm512_cmp_ps_mask(steps, top_, _CMP_GT_OQ), steps, modulus_);
    return _mm512_mul_ps(steps, scale_);
  }

  __m512 scale_, top_, modulus_;
};

}  // namespace

// Up to 32 patterns lie in two registers.
void look_up_avx512_32(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  if (patterns > 32) return look_up_avx2_32(book, patterns, codes, count, values);
  const auto* const eight = static_cast<const uint32_t*>(book);
  const __m512i low = _mm512_loadu_si512(eight), high = _mm512_loadu_si512(eight + 16);
  const auto at = [&](__m128i code) { return _mm512_permutex2var_epi32(low, _mm512_cvtepu8_epi32(code), high); };
  uint64_t i = 0;
  for (; i + 16 <= count; i += 16)
    _mm512_storeu_si512(values + 4 * i, at(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + i))));
  if (i == count) return;
  const __mmask16 here = among(count - i);
  _mm512_mask_storeu_epi32(values + 4 * i, here, at(_mm_maskz_loadu_epi8(here, codes + i)));
}

Simd with_avx512(const Simd& avx2) {
  Simd table = avx2;
  table.name = "avx512";
  table.rans_steps = rans_steps_avx512;
  table.rans_pair = rans_pair_avx512;
  table.expand[size_index(2)] = expand_avx512<uint16_t>;
  table.expand[size_index(4)] = expand_avx512<uint32_t>;
  table.join[size_index(2)] = join_avx512<uint16_t>;
  table.join[size_index(4)] = join_avx512<uint32_t>;
  table.look_up[size_index(4)] = look_up_avx512_32;
  table.scale = scale_runs<RunAvx512>;
  table.expand_scaled = expand_runs<RunAvx512>;
  return table;
}

}  // namespace spf
