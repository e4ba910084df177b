// Eight values in 32-bit lanes, stored as elements of 4 or 2 bytes. For files that are compiled for AVX2 alone; unnamed, so
// that it never serves others (see scatter_loops.h).
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace spf {
namespace {

inline void store8(uint8_t* to, __m256i v, uint32_t*) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }
inline void store8(uint8_t* to, __m256i v, uint16_t*) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(v, v), _MM_SHUFFLE(3, 1, 2, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
}

}  // namespace
}  // namespace spf
