// AVX2/BMI2 variants of the loops in simd.h. Files whose names end in _avx2 are compiled for those instructions.
#include <immintrin.h>

#include "bitmask_loops.h"
#include "codebook_loops.h"
#include "scale_loops.h"
#include "scatter_loops.h"
#include "simd.h"

namespace spf {
namespace {

// Eight codes of up to 8 bits are spread to eight bytes by one pdep, wider ones by two.
struct DepositUnpack {
  unsigned bits;
  uint64_t mask;
  explicit DepositUnpack(unsigned width) : bits(width) {
    const uint64_t code = (uint64_t{1} << width) - 1;
    mask = width <= 8 ? code * 0x0101010101010101u : code * 0x0001000100010001u;
  }
  void operator()(const uint8_t* from, uint16_t* to) const {
    if (bits <= 8) {
      const uint64_t bytes = _pdep_u64(load<uint64_t>(from), mask);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_cvtepu8_epi16(_mm_cvtsi64_si128(bytes)));
      return;
    }
    const unsigned half = 4 * bits;  // 36..64 bits; the second half may start in the middle of a byte
    store(to, _pdep_u64(load<uint64_t>(from), mask));
    store(to + 4, _pdep_u64(load<uint64_t>(from + half / 8) >> (half % 8), mask));
  }
};

struct Tables {
  alignas(32) uint32_t lanes32[256][8];  // for each mask byte: which value each of the 8 lanes takes
  alignas(16) uint8_t bytes16[256][16];  // the same for 16-bit lanes, as byte shuffles; 0x80 gives zero
};

constexpr Tables make_tables() {
  Tables t{};
  for (int m = 0; m < 256; ++m) {
    int rank = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const bool set = (m >> lane) & 1;
      t.lanes32[m][lane] = set ? rank : 0;
      t.bytes16[m][2 * lane] = static_cast<uint8_t>(set ? 2 * rank : 0x80);
      t.bytes16[m][2 * lane + 1] = static_cast<uint8_t>(set ? 2 * rank + 1 : 0x80);
      rank += set;
    }
  }
  return t;
}

constexpr Tables kTables = make_tables();

template <class Item>
inline void expand_byte(unsigned m, const uint8_t* values, Item* out);

// The first of eight values of 32 bits, in the lanes whose bits are set, and zeros in the others.
inline __m256i spread(unsigned m, __m256i values) {
  const __m256i lane_bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i bits = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(m)), lane_bit);
  const __m256i take = _mm256_load_si256(reinterpret_cast<const __m256i*>(kTables.lanes32[m]));
  return _mm256_and_si256(_mm256_permutevar8x32_epi32(values, take), _mm256_cmpeq_epi32(bits, lane_bit));
}

template <>
inline void expand_byte<uint32_t>(unsigned m, const uint8_t* values, uint32_t* out) {
  const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), spread(m, next));
}

template <>
inline void expand_byte<uint16_t>(unsigned m, const uint8_t* values, uint16_t* out) {
  const __m128i take = _mm_load_si128(reinterpret_cast<const __m128i*>(kTables.bytes16[m]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)), take));
}

template <>
inline void expand_byte<uint8_t>(unsigned m, const uint8_t* values, uint8_t* out) {
  const uint64_t places = _pdep_u64(m, 0x0101010101010101u) * 0xFF;
  store(out, _pdep_u64(load<uint64_t>(values), places));
}

template <>
inline void expand_byte<uint64_t>(unsigned m, const uint8_t* values, uint64_t* out) {
  for (int lane = 0; lane < 8; ++lane) {
    const uint64_t set = (m >> lane) & 1;
    out[lane] = load<uint64_t>(values) & (0 - set);
    values += 8 * set;
  }
}

template <class Item>
void expand_avx2(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out) {
  Item* const to = static_cast<Item*>(out);
  const uint64_t whole = elements / 8;
  for (uint64_t i = 0; i < whole; ++i) {
    expand_byte<Item>(mask[i], values, to + 8 * i);
    values += static_cast<unsigned>(_mm_popcnt_u32(mask[i])) * sizeof(Item);
  }
  expand_tail<Item>(mask, values, 8 * whole, elements, to);
}

void expand_wide(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out) {
  expand_tail<Wide>(mask, values, 0, elements, static_cast<Wide*>(out));
}

template <bool kWraps>
class RunAvx2 {
 public:
  explicit RunAvx2(const Scaling& scaling)
      : scale_(_mm256_set1_ps(scaling.scale)), top_(_mm256_set1_ps(scaling.top)), modulus_(_mm256_set1_ps(scaling.modulus)),
        plain_{scaling} {}

  void scale(uint64_t count, uint8_t* values) const {
    for (; count >= 8; count -= 8, values += 32) _mm256_storeu_ps(reinterpret_cast<float*>(values), eight(values));
    plain_.scale(count, values);
  }

  const uint8_t* expand(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values, uint8_t* out) const {
    for (; count >= 8; count -= 8, first += 8, out += 32) {
      const unsigned m = load<uint16_t>(mask + first / 8) >> (first % 8) & 255u;
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), spread(m, _mm256_castps_si256(eight(values))));
      values += 4 * static_cast<unsigned>(_mm_popcnt_u32(m));
    }
    return plain_.expand(mask, first, count, values, out);
  }

 private:
  __m256 eight(const uint8_t* from) const {
    __m256 steps = _mm256_loadu_ps(reinterpret_cast<const float*>(from));
    if constexpr (kWraps)
      steps = _mm256_sub_ps(steps, _mm256_and_ps(_mm256_cmp_ps(steps, top_, _CMP_GT_OQ), modulus_));
    return _mm256_mul_ps(steps, scale_);
  }

  __m256 scale_, top_, modulus_;
  PlainRun<kWraps> plain_;
};

void unpack_codes_avx2(const uint8_t* packed, unsigned width, uint64_t count, uint8_t* codes) {
  const uint64_t bytes = ((uint64_t{1} << width) - 1) * 0x0101010101010101u;
  unpack_codes_by([=](uint64_t eight) { return _pdep_u64(eight, bytes); }, packed, width, count, codes);
}

inline uint32_t zero_bits(const uint8_t* p) {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256())));
}
inline uint32_t zero_bits(const uint16_t* p) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i a = _mm256_cmpeq_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), zero);
  const __m256i b = _mm256_cmpeq_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16)), zero);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), _MM_SHUFFLE(3, 1, 2, 0));
  return static_cast<uint32_t>(_mm256_movemask_epi8(packed));
}
inline uint32_t zero_bits(const uint32_t* p) {
  uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8 * i));
    const __m256i equal = _mm256_cmpeq_epi32(v, _mm256_setzero_si256());
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(equal))) << (8 * i);
  }
  return bits;
}
inline uint32_t zero_bits(const uint64_t* p) {
  uint32_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 4 * i));
    const __m256i equal = _mm256_cmpeq_epi64(v, _mm256_setzero_si256());
    bits |= static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(equal))) << (4 * i);
  }
  return bits;
}

template <class Item>
void nonzero_mask_avx2(const void* in, uint64_t elements, uint64_t* mask) {
  const Item* from = static_cast<const Item*>(in);
  const uint64_t words = elements / 64;
  for (uint64_t w = 0; w < words; ++w, from += 64) {
    mask[w] = ~(zero_bits(from) | (uint64_t{zero_bits(from + 32)} << 32));
  }
  nonzero_mask_tail<Item>(in, words * 64, elements, mask);
}

void nonzero_mask_wide(const void* in, uint64_t elements, uint64_t* mask) {
  nonzero_mask_tail<Wide>(in, 0, elements, mask);
}

}  // namespace

const Simd kAvx2 = {
    "avx2",
    xxh3_blocks_avx2,
    {scatter_filler<uint8_t, DepositUnpack>, scatter_filler<uint16_t, DepositUnpack>,
     scatter_filler<uint32_t, DepositUnpack>, scatter_filler<uint64_t, DepositUnpack>,
     scatter_filler<Wide, DepositUnpack>},
    {scatter_escape<uint8_t, DepositUnpack>, scatter_escape<uint16_t, DepositUnpack>,
     scatter_escape<uint32_t, DepositUnpack>, scatter_escape<uint64_t, DepositUnpack>,
     scatter_escape<Wide, DepositUnpack>},
    {expand_avx2<uint8_t>, expand_avx2<uint16_t>, expand_avx2<uint32_t>, expand_avx2<uint64_t>, expand_wide},
    {nonzero_mask_avx2<uint8_t>, nonzero_mask_avx2<uint16_t>, nonzero_mask_avx2<uint32_t>,
     nonzero_mask_avx2<uint64_t>, nonzero_mask_wide},
    rans_steps_avx2,
    rans_pair_avx2,
    {join_avx2_8, join_avx2_16, join_avx2_32, join_avx2_64},
    unpack_codes_avx2,
    {look_up_plain<uint8_t>, look_up_avx2_16, look_up_avx2_32, look_up_plain<uint64_t>},
    strip_to_rows_avx2,
    rows_to_strip_avx2,
    table_of_columns_avx2,
    add_bits_avx2,
    count_bits,
    scale_runs<RunAvx2>,
    expand_runs<RunAvx2>,
};

}  // namespace spf
