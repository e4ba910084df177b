#include "codebook_loops.h"
#include "simd.h"
#include "store_avx2.h"

namespace spf {
namespace {

// Up to 32 patterns lie in four registers: each is permuted by the low three bits of eight codes, and the other two bits
// choose among the results.
template <int kRegisters>
struct Book {
  __m256i eight[kRegisters];

  __m256i at(const uint8_t* codes) const {
    const __m256i code = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes)));
    const auto pick = [&](int r) { return _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(eight[r], code)); };
    __m256 found = pick(0);
    if constexpr (kRegisters > 1) {
      const __m256 third = _mm256_castsi256_ps(_mm256_slli_epi32(code, 28));  // a blend looks at the top bit
      found = _mm256_blendv_ps(found, pick(1), third);
      if constexpr (kRegisters > 2) {
        const __m256 upper = _mm256_blendv_ps(pick(2), pick(3), third);
        found = _mm256_blendv_ps(found, upper, _mm256_castsi256_ps(_mm256_slli_epi32(code, 27)));
      }
    }
    return _mm256_castps_si256(found);
  }
};

template <class Item, int kRegisters>
void look_up_in(const void* patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  alignas(32) uint32_t wide[8 * kRegisters];
  for (unsigned k = 0; k < 8 * kRegisters; ++k) wide[k] = load<Item>(static_cast<const uint8_t*>(patterns) + k * sizeof(Item));
  Book<kRegisters> book;
  for (int r = 0; r < kRegisters; ++r) book.eight[r] = _mm256_load_si256(reinterpret_cast<const __m256i*>(wide + 8 * r));
  uint64_t i = 0;
  for (; i + 8 <= count; i += 8) store8(values + i * sizeof(Item), book.at(codes + i), static_cast<Item*>(nullptr));
  if (i < count) look_up_plain<Item>(patterns, 0, codes + i, count - i, values + i * sizeof(Item));
}

template <class Item>
void look_up(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  if (patterns <= 8) return look_up_in<Item, 1>(book, codes, count, values);
  if (patterns <= 16) return look_up_in<Item, 2>(book, codes, count, values);
  if (patterns <= 32) return look_up_in<Item, 4>(book, codes, count, values);
  look_up_plain<Item>(book, patterns, codes, count, values);
}

}  // namespace

void look_up_avx2_16(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  look_up<uint16_t>(book, patterns, codes, count, values);
}
void look_up_avx2_32(const void* book, unsigned patterns, const uint8_t* codes, uint64_t count, uint8_t* values) {
  look_up<uint32_t>(book, patterns, codes, count, values);
}

}  // namespace spf
