// 32 bits of a mask as 32 bytes, for the AVX2 files.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace spf {
namespace {  // unnamed: see scatter_loops.h

// Byte i is 0xFF where bit i is set, 0 otherwise.
inline __m256i spread_bits(uint32_t bits) {
  const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit_of = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), byte_of);
  return _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit_of), bit_of);
}

}  // namespace
}  // namespace spf
