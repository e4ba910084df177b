// XXH3-64, seed 0, default secret (xxHash specification 0.8).
#pragma once
#include <cstddef>
#include <cstdint>

namespace spf {

uint64_t xxh3_64(const void* data, size_t bytes);

extern const uint8_t kXxh3Secret[192];

// Folds `blocks` whole 1024-byte blocks into the eight accumulators, a scramble after each.
using Xxh3Blocks = void (*)(uint64_t acc[8], const uint8_t* data, size_t blocks);
void xxh3_blocks_scalar(uint64_t acc[8], const uint8_t* data, size_t blocks);
void xxh3_blocks_avx2(uint64_t acc[8], const uint8_t* data, size_t blocks);

}  // namespace spf
