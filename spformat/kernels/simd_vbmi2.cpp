// Loops over bytes and pairs of bytes, a register of them at a time: VBMI and VBMI2, as Ice Lake and Zen 4 have them. The
// others are those of AVX-512. Files whose names end in _vbmi2 are compiled for all of these instructions.
#include <immintrin.h>

#include "bitmask_loops.h"
#include "codebook_loops.h"
#include "simd.h"

namespace spf {
namespace {

// Stored values may end 48 bytes before the memory does: no more are read than the mask says.
inline __m512i expand(__mmask32 mask, const uint8_t* from) { return _mm512_maskz_expandloadu_epi16(mask, from); }
inline __m512i expand(__mmask64 mask, const uint8_t* from) { return _mm512_maskz_expandloadu_epi8(mask, from); }

inline __mmask64 first_of_64(uint64_t count) { return count < 64 ? (uint64_t{1} << count) - 1 : ~uint64_t{0}; }

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

// A book of float32 numbers that are integers of a byte, as the steps of int8 are.
class ByteBook {
 public:
  ByteBook(const void* book, unsigned patterns) {
    alignas(64) int8_t steps[256];
    __mmask16 others = 0;
    for (unsigned k = 0; k < 256; k += 16) {
      const __m512 v = _mm512_loadu_ps(static_cast<const float*>(book) + k);
      const __m512i whole = _mm512_cvtps_epi32(v);
      const __m512i back = _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm512_cvtepi32_epi8(whole))));
      const unsigned left = patterns > k ? patterns - k : 0;
      const auto used = static_cast<__mmask16>(left < 16 ? (1u << left) - 1 : 0xFFFF);
      others |= _mm512_mask_cmpneq_epi32_mask(used, back, _mm512_castps_si512(v));
      _mm_store_si128(reinterpret_cast<__m128i*>(steps + k), _mm512_cvtepi32_epi8(whole));
    }
    fits_ = others == 0;
    for (unsigned q = 0; q < 4; ++q) steps_[q] = _mm512_load_si512(steps + 64 * q);
  }

  bool fits() const { return fits_; }

  __m512i at(__m512i codes) const {
    const __m512i low = _mm512_permutex2var_epi8(steps_[0], codes, steps_[1]);
    const __m512i high = _mm512_permutex2var_epi8(steps_[2], codes, steps_[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), low, high);
  }

 private:
  __m512i steps_[4];
  bool fits_;
};

// In each eight bytes, eight codes follow each other.
void unpack_codes_vbmi2(const uint8_t* packed, unsigned width, uint64_t count, uint8_t* codes) {
  alignas(64) uint8_t from[64], shift[64];
  for (unsigned i = 0; i < 64; ++i) {
    from[i] = static_cast<uint8_t>(i / 8 * width + i % 8);
    shift[i] = static_cast<uint8_t>(i % 8 * width);
  }
  const __m512i eights = _mm512_load_si512(from), shifts = _mm512_load_si512(shift);
  const __m512i bits = _mm512_set1_epi8(static_cast<char>((1u << width) - 1));
  for (uint64_t i = 0; i < count; i += 64, packed += 8 * width) {
    const uint64_t left = count - i < 64 ? count - i : 64, bytes = bytes_of_bits(left, width);
    const __m512i here = _mm512_maskz_loadu_epi8(first_of_64(bytes), packed);
    const __m512i found = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(eights, here));
    _mm512_mask_storeu_epi8(codes + i, first_of_64(left), _mm512_and_si512(found, bits));
  }
}

inline void write_quarter(__m128i steps, uint8_t* to) {
  _mm512_storeu_ps(to, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(steps)));
}

void look_up_vbmi2_32(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  if (patterns <= 32) return look_up_avx512_32(book, patterns, codes, count, values);
  const ByteBook bytes(book, patterns);
  if (!bytes.fits()) return look_up_avx2_32(book, patterns, codes, count, values);
  uint64_t i = 0;
  for (; i + 64 <= count; i += 64, values += 256) {
    const __m512i steps = bytes.at(_mm512_loadu_si512(codes + i));
    write_quarter(_mm512_castsi512_si128(steps), values);
    write_quarter(_mm512_extracti32x4_epi32(steps, 1), values + 64);
    write_quarter(_mm512_extracti32x4_epi32(steps, 2), values + 128);
    write_quarter(_mm512_extracti32x4_epi32(steps, 3), values + 192);
  }
  look_up_plain<uint32_t>(book, patterns, codes + i, count - i, values);
}

}  // namespace

Simd with_vbmi2(const Simd& avx512) {
  Simd table = avx512;
  table.name = "vbmi2";
  table.expand[size_index(1)] = expand_vbmi2<uint8_t, __mmask64>;
  table.expand[size_index(2)] = expand_vbmi2<uint16_t, __mmask32>;
  table.unpack_codes = unpack_codes_vbmi2;
  table.look_up[size_index(4)] = look_up_vbmi2_32;
  return table;
}

}  // namespace spf
