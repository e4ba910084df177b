#include "statistics.h"

#include "spread_bits.h"

namespace spf {

void add_bits_avx2(const uint64_t* bits, uint64_t count, uint8_t* sums) {
  uint64_t j = 0;
  for (; j + 32 <= count; j += 32) {
    auto* at = reinterpret_cast<__m256i*>(sums + j);
    const __m256i set = spread_bits(static_cast<uint32_t>(bits[j / 64] >> (j % 64)));
    _mm256_storeu_si256(at, _mm256_sub_epi8(_mm256_loadu_si256(at), set));  // 0xFF is -1
  }
  for (; j < count; ++j) sums[j] = static_cast<uint8_t>(sums[j] + ((bits[j / 64] >> (j % 64)) & 1));
}

}  // namespace spf
