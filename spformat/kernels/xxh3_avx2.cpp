#include <immintrin.h>

#include "xxh3.h"

namespace spf {

void xxh3_blocks_avx2(uint64_t acc[8], const uint8_t* data, size_t blocks) {
  __m256i a[2] = {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(acc)),
                  _mm256_loadu_si256(reinterpret_cast<const __m256i*>(acc + 4))};
  const __m256i prime = _mm256_set1_epi32(static_cast<int>(0x9E3779B1u));
  for (size_t b = 0; b < blocks; ++b, data += 1024) {
    for (int i = 0; i < 16; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(data + 64 * i + 512), _MM_HINT_T0);
      for (int half = 0; half < 2; ++half) {
        const __m256i value =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 64 * i + 32 * half));
        const __m256i key =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kXxh3Secret + 8 * i + 32 * half));
        const __m256i keyed = _mm256_xor_si256(value, key);
        const __m256i product = _mm256_mul_epu32(keyed, _mm256_srli_epi64(keyed, 32));
        const __m256i swapped = _mm256_shuffle_epi32(value, _MM_SHUFFLE(1, 0, 3, 2));
        a[half] = _mm256_add_epi64(product, _mm256_add_epi64(a[half], swapped));
      }
    }
    for (int half = 0; half < 2; ++half) {
      const __m256i key = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kXxh3Secret + 128 + 32 * half));
      const __m256i x = _mm256_xor_si256(_mm256_xor_si256(a[half], _mm256_srli_epi64(a[half], 47)), key);
      const __m256i low = _mm256_mul_epu32(x, prime);
      const __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), prime);
      a[half] = _mm256_add_epi64(low, _mm256_slli_epi64(high, 32));
    }
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(acc), a[0]);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(acc + 4), a[1]);
}

}  // namespace spf
