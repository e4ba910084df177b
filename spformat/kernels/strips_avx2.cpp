#include "spread_bits.h"
#include "strips.h"

namespace spf {

void strip_to_rows_avx2(const uint8_t* strip, uint64_t columns, uint8_t* const rows[8]) {
  const uint64_t whole = columns / 32 * 32;
  for (uint64_t j = 0; j < whole; j += 32) {
    __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(strip + j));
    for (unsigned r = 8; r-- > 0;) {  // the top bit of each byte is row r's
      if (rows[r]) store(rows[r] + j / 8, static_cast<uint32_t>(_mm256_movemask_epi8(v)));
      v = _mm256_add_epi8(v, v);
    }
  }
  if (whole == columns) return;
  uint8_t* tail[8];
  for (unsigned r = 0; r < 8; ++r) tail[r] = rows[r] ? rows[r] + whole / 8 : nullptr;
  strip_to_rows_scalar(strip + whole, columns - whole, tail);
}

void rows_to_strip_avx2(const uint8_t* const rows[8], uint64_t columns, uint8_t* strip) {
  const uint64_t whole = columns / 32 * 32;
  for (uint64_t j = 0; j < whole; j += 32) {
    __m256i bytes = _mm256_setzero_si256();
    for (unsigned r = 0; r < 8; ++r) {
      if (!rows[r]) continue;
      const __m256i bit = _mm256_set1_epi8(static_cast<char>(1u << r));
      bytes = _mm256_or_si256(bytes, _mm256_and_si256(spread_bits(load<uint32_t>(rows[r] + j / 8)), bit));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(strip + j), bytes);
  }
  if (whole == columns) return;
  const uint8_t* tail[8];
  for (unsigned r = 0; r < 8; ++r) tail[r] = rows[r] ? rows[r] + whole / 8 : nullptr;
  rows_to_strip_scalar(tail, columns - whole, strip + whole);
}

void table_of_columns_avx2(const uint8_t* table, unsigned count, const uint8_t* classes, uint64_t columns,
                           uint8_t* out) {
  uint8_t padded[16] = {};
  std::memcpy(padded, table, count);
  const __m256i tables = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(padded)));
  uint64_t j = 0;
  for (; j + 32 <= columns; j += 32) {
    const __m256i of = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(classes + j));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + j), _mm256_shuffle_epi8(tables, of));
  }
  for (; j < columns; ++j) out[j] = padded[classes[j]];
}

}  // namespace spf
