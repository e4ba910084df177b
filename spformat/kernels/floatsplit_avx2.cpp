#include "join_loops.h"
#include "simd.h"
#include "store_avx2.h"

namespace spf {
namespace {

// Eight fields of up to 25 bits start at a byte: a byte shuffle brings each into its own 32-bit lane.
struct Fields {
  __m256i shuffle, shift, mask;
  unsigned width, second;  // byte at which the fifth field starts

  explicit Fields(unsigned w) : width(w), second(4 * w / 8) {
    alignas(32) uint8_t bytes[32];
    alignas(32) uint32_t skip[8];
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned bit = i < 4 ? i * w : i * w - 8 * second;
      for (unsigned b = 0; b < 4; ++b) bytes[4 * i + b] = static_cast<uint8_t>(bit / 8 + b);
      skip[i] = bit % 8;
    }
    shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
    shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(skip));
    mask = _mm256_set1_epi32(static_cast<int>((1u << w) - 1));
  }

  __m256i at(const uint8_t* from) const {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + second));
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), shuffle);
    return _mm256_and_si256(_mm256_srlv_epi32(spread, shift), mask);
  }
};

// Eight values in 32-bit lanes: low bits, key and sign put together.
inline __m256i join8(const Fields& fields, const Split& split, const uint8_t* keys, const uint8_t* from, int sign_bit) {
  const __m256i field = fields.at(from);
  const __m256i key = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(keys)));
  const __m256i high = _mm256_add_epi32(key, _mm256_set1_epi32(static_cast<int>(split.base)));
  const __m128i shift = _mm_cvtsi32_si128(split.shift);
  const __m256i low_mask = _mm256_set1_epi32(static_cast<int>((1u << split.shift) - 1));
  const __m256i sign = _mm256_sll_epi32(_mm256_srl_epi32(field, shift), _mm_cvtsi32_si128(sign_bit));
  return _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(field, low_mask), sign), _mm256_sll_epi32(high, shift));
}

template <class Item>
void join_small(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  const unsigned width = split.shift + 1u;
  uint64_t i = 0;
  if (width <= 25) {
    const Fields at(width);
    for (; i + 8 <= count; i += 8) {
      const __m256i v = join8(at, split, keys + i, fields + i / 8 * width, 8 * sizeof(Item) - 1);
      store8(values + i * sizeof(Item), v, static_cast<Item*>(nullptr));
    }
  }
  join_range<Item>(split, keys, fields, i, count, values);
}

}  // namespace

void join_avx2_8(const Split& s, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  join_range<uint8_t>(s, keys, fields, 0, count, values);
}
void join_avx2_16(const Split& s, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  join_small<uint16_t>(s, keys, fields, count, values);
}
void join_avx2_32(const Split& s, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  join_small<uint32_t>(s, keys, fields, count, values);
}
void join_avx2_64(const Split& s, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  join_range<uint64_t>(s, keys, fields, 0, count, values);
}

}  // namespace spf
