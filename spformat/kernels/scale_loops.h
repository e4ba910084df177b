// Steps times a scale, the plain twin, shared by the scalar and the vector files (see scatter_loops.h for why unnamed).
#pragma once
#include "block.h"

namespace spf {
namespace {

inline void scale_plain(float scale, uint64_t count, uint8_t* values) {
  for (uint64_t k = 0; k < count; ++k) store(values + 4 * k, load<float>(values + 4 * k) * scale);
}

}  // namespace
}  // namespace spf
